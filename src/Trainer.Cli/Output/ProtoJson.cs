using System.Collections;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Trainer.Cli.Output;

/// <summary>
/// A message as JSON for scripts: the field names of the .proto files, numbers as numbers (protobuf's own mapping makes strings of 64-bit
/// ones), enums by name, times as RFC 3339, "NaN" and "Infinity" as strings. Scalars are always there, messages that are not set are left out.
/// </summary>
internal static class ProtoJson
{
    public static JsonObject ToJson(IMessage message)
    {
        var json = new JsonObject();
        foreach (var field in message.Descriptor.Fields.InFieldNumberOrder())
        {
            if (!field.HasPresence || field.Accessor.HasValue(message))
                json[field.Name] = ValueOf(field, field.Accessor.GetValue(message));
        }
        return json;
    }

    public static JsonNode? Field(IMessage message, string name)
    {
        var field = message.Descriptor.FindFieldByName(name);
        return ValueOf(field, field.Accessor.GetValue(message));
    }

    /// <summary>The fields of a message that is not there: all null.</summary>
    public static JsonObject Nothing(MessageDescriptor descriptor) =>
        new(descriptor.Fields.InFieldNumberOrder().Select(field => KeyValuePair.Create<string, JsonNode?>(field.Name, null)));

    private static JsonNode? ValueOf(FieldDescriptor field, object value) =>
        value is IList list ? new JsonArray([.. list.Cast<object>().Select(item => Single(field, item))]) : Single(field, value);

    private static JsonNode? Single(FieldDescriptor field, object value) => value switch
    {
        Timestamp time => time.ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'"),
        IMessage message => ToJson(message),
        ByteString bytes => bytes.ToBase64(),
        double number => Number(number),
        float number => Number(number),
        bool flag => flag,
        int number => number,
        uint number => number,
        long number => number,
        ulong number => number,
        string text => text,
        _ => field.EnumType.FindValueByNumber((int)value)?.Name ?? $"{(int)value}",
    };

    private static JsonNode Number(double number) => double.IsFinite(number) ? number : number.ToString();
}
