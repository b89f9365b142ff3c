using System.Collections;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Trainer.Protos;

/// <summary>Writes a message as <see cref="ProtoJson.ToJson"/> has it, without a node for each value: a coordinator writes thousands of points a second.</summary>
internal static class JsonMessageWriter
{
    public static void Write(Utf8JsonWriter json, IMessage message)
    {
        json.WriteStartObject();
        foreach (var field in message.Descriptor.Fields.InFieldNumberOrder())
        {
            if (!field.HasPresence || field.Accessor.HasValue(message))
            {
                json.WritePropertyName(field.Name);
                Write(json, field, field.Accessor.GetValue(message));
            }
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, FieldDescriptor field, object value)
    {
        switch (value)
        {
            case IDictionary map:
                WriteMap(json, field, map);
                break;
            case IList list:
                json.WriteStartArray();
                foreach (var item in list)
                {
                    WriteSingle(json, field, item);
                }

                json.WriteEndArray();
                break;
            default:
                WriteSingle(json, field, value);
                break;
        }
    }

    // In the order of keys, whatever order the message has them in.
    private static void WriteMap(Utf8JsonWriter json, FieldDescriptor field, IDictionary map)
    {
        json.WriteStartObject();
        foreach (var key in map.Keys.Cast<string>().Order(StringComparer.Ordinal))
        {
            json.WritePropertyName(key);
            WriteSingle(json, field.MessageType.FindFieldByName("value"), map[key]!);
        }

        json.WriteEndObject();
    }

    private static void WriteSingle(Utf8JsonWriter json, FieldDescriptor field, object value)
    {
        switch (value)
        {
            case Timestamp time:
                json.WriteStringValue(ProtoJson.Text(time));
                break;
            case IMessage message:
                Write(json, message);
                break;
            case ByteString bytes:
                json.WriteBase64StringValue(bytes.Span);
                break;
            case double number:
                WriteNumber(json, number);
                break;
            case float number:
                WriteNumber(json, number);
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case uint number:
                json.WriteNumberValue(number);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case ulong number:
                json.WriteNumberValue(number);
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            default:
                json.WriteStringValue(EnumNames.Bare(field.EnumType, (int)value));
                break;
        }
    }

    private static void WriteNumber(Utf8JsonWriter json, double number)
    {
        if (double.IsFinite(number))
        {
            json.WriteNumberValue(number);
        }
        else
        {
            json.WriteStringValue(number.ToString());
        }
    }
}
