using System.Collections;
using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Trainer.Protos;

/// <summary>Reads what <see cref="ProtoJson"/> writes, and protobuf's own JSON.</summary>
internal sealed class JsonMessageReader(ICollection<string> unknown)
{
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = ProtoJson.MaxDepth };

    public void Read(string json, IMessage message)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Deep);
            Fields(document.RootElement, message, "");
        }
        catch (JsonException error)
        {
            throw new FormatException(ProtoJson.IsTooDeep(json) ? $"nested deeper than {ProtoJson.MaxDepth} levels" : $"not JSON: {error.Message}", error);
        }
    }

    private void Fields(JsonElement json, IMessage message, string path)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw Unfit(path, "an object", json);
        }

        foreach (var property in json.EnumerateObject().Where(property => property.Value.ValueKind != JsonValueKind.Null))
        {
            var name = FieldPath.Join(path, property.Name);
            if (Find(message.Descriptor, property.Name) is { } field)
            {
                Set(message, field, property.Value, name);
            }
            else
            {
                unknown.Add(name);
            }
        }
    }

    private static FieldDescriptor? Find(MessageDescriptor type, string name) =>
        type.FindFieldByName(name) ?? type.Fields.InDeclarationOrder().FirstOrDefault(field => field.JsonName == name);

    private void Set(IMessage message, FieldDescriptor field, JsonElement json, string path)
    {
        if (!field.IsRepeated)
        {
            if (Value(field, json, path) is { } value)
            {
                field.Accessor.SetValue(message, value);
            }

            return;
        }

        if (field.IsMap)
        {
            SetMap((IDictionary)field.Accessor.GetValue(message), field.MessageType.FindFieldByName("value"), json, path);
            return;
        }

        if (json.ValueKind != JsonValueKind.Array)
        {
            throw Unfit(path, "a list", json);
        }

        var list = (IList)field.Accessor.GetValue(message);
        var index = 0;
        foreach (var item in json.EnumerateArray())
        {
            if (Value(field, item, $"{path}[{index++}]") is { } value)
            {
                list.Add(value);
            }
        }
    }

    private void SetMap(IDictionary map, FieldDescriptor field, JsonElement json, string path)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw Unfit(path, "an object", json);
        }

        foreach (var entry in json.EnumerateObject())
        {
            if (Value(field, entry.Value, FieldPath.Join(path, entry.Name)) is { } value)
            {
                map[entry.Name] = value;
            }
        }
    }

    // Null: an enum value that is unknown.
    private object? Value(FieldDescriptor field, JsonElement json, string path) => field.FieldType switch
    {
        FieldType.Message => Message(field.MessageType, json, path),
        FieldType.Enum => EnumValue(field.EnumType, json, path),
        FieldType.String => Text(json, path),
        FieldType.Bytes => ByteString.FromBase64(Text(json, path)),
        FieldType.Bool => json.ValueKind is JsonValueKind.True or JsonValueKind.False ? json.GetBoolean() : throw Unfit(path, "true or false", json),
        FieldType.Double => Number<double>(json, path),
        FieldType.Float => Number<float>(json, path),
        FieldType.Int32 => Number<int>(json, path),
        FieldType.UInt32 => Number<uint>(json, path),
        FieldType.Int64 => Number<long>(json, path),
        FieldType.UInt64 or FieldType.Fixed64 => Number<ulong>(json, path),
        _ => throw new NotSupportedException($"{field.FullName} is of a type that has no JSON form here: {field.FieldType}"),
    };

    private object Message(MessageDescriptor type, JsonElement json, string path)
    {
        if (type == Timestamp.Descriptor)
        {
            return Time(json, path);
        }

        var message = type.Parser.ParseFrom(ByteString.Empty);
        Fields(json, message, path);
        return message;
    }

    private static Timestamp Time(JsonElement json, string path) =>
        DateTimeOffset.TryParse(Text(json, path), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToTimestamp()
            : throw Unfit(path, "a time", json);

    private object? EnumValue(EnumDescriptor type, JsonElement json, string path)
    {
        if (EnumNames.Find(type, Text(json, path)) is { } value)
        {
            return System.Enum.ToObject(type.ClrType, value.Number);
        }

        unknown.Add($"{path} = {Text(json, path)}");
        return null;
    }

    private static T Number<T>(JsonElement json, string path)
        where T : struct, IParsable<T>
    {
        var text = json.ValueKind switch
        {
            JsonValueKind.Number => json.GetRawText(),
            JsonValueKind.String => json.GetString(),
            _ => null,
        };
        return T.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : throw Unfit(path, "a number", json);
    }

    private static string Text(JsonElement json, string path) => json.ValueKind == JsonValueKind.String ? json.GetString()! : throw Unfit(path, "text", json);

    private static UnfitJsonException Unfit(string path, string expected, JsonElement got) => new(path, $"expected {expected}, got {YamlScalar.Shorten(got.GetRawText())}");
}
