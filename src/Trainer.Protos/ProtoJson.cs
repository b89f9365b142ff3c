using System.Buffers;
using System.Collections;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Trainer.Protos;

/// <summary>
/// Messages as JSON, in the one form that job files, the command line, results and the store share: field names as in the .proto files, enum values
/// without their prefix, 64-bit integers as numbers, times as RFC 3339, "NaN", "Infinity" and "-Infinity" as strings.
/// </summary>
public static class ProtoJson
{
    /// <summary>Layers nest; JSON's own limit of 64 levels is far below what a job may ask for.</summary>
    public const int MaxDepth = 1000;

    private static readonly JsonSerializerOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = MaxDepth };

    private static readonly JsonWriterOptions OneLineWritten = new() { Encoder = OneLine.Encoder, MaxDepth = MaxDepth };

    /// <summary>For scripts: scalars and lists are always there, messages and optional fields that are not set are left out.</summary>
    public static JsonObject ToJson(IMessage message) =>
        Object(message, field => !field.HasPresence || field.Accessor.HasValue(message), ToJson);

    /// <summary>What is set alone: all that it takes to read the message back.</summary>
    public static JsonObject Compact(IMessage message) => Object(message, field => FieldPath.IsPresent(field, message), Compact);

    public static JsonNode? Field(IMessage message, string name)
    {
        var field = message.Descriptor.FindFieldByName(name);
        return Value(field, field.Accessor.GetValue(message), ToJson);
    }

    /// <summary>The fields of a message that is not there: all null.</summary>
    public static JsonObject Nothing(MessageDescriptor descriptor) =>
        new(descriptor.Fields.InFieldNumberOrder().Select(field => KeyValuePair.Create<string, JsonNode?>(field.Name, null)));

    /// <summary>Why a text could not be read: it is nested deeper than <see cref="MaxDepth"/>, whatever follows there.</summary>
    public static bool IsTooDeep(string json)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json), new JsonReaderOptions { MaxDepth = int.MaxValue });
        try
        {
            while (reader.Read())
            {
                if (reader.CurrentDepth >= MaxDepth)
                {
                    return true;
                }
            }
        }
        catch (JsonException)
        {
            // It ends before it is too deep.
        }

        return false;
    }

    /// <summary>One document in one line.</summary>
    public static string Line(JsonNode json) => json.ToJsonString(OneLine);

    /// <summary>The <see cref="Line"/> of what <see cref="ToJson"/> gives, in UTF-8, at a fraction of its time and memory.</summary>
    public static void Write(IBufferWriter<byte> output, IMessage message)
    {
        using var json = new Utf8JsonWriter(output, OneLineWritten);
        JsonMessageWriter.Write(json, message);
    }

    /// <summary>Reads either form; protobuf's own spelling (<c>batchSize</c>, <c>"7"</c>, <c>JOB_STATE_QUEUED</c>) is understood, too.</summary>
    /// <param name="unknown">Gets the paths of fields and the enum values that the message's definition lacks.</param>
    /// <exception cref="FormatException">It is not such a message.</exception>
    public static T Read<T>(string json, ICollection<string> unknown)
        where T : IMessage, new()
    {
        var message = new T();
        new JsonMessageReader(unknown).Read(json, message);
        return message;
    }

    /// <summary>The same for a type that is known by its descriptor alone.</summary>
    /// <exception cref="FormatException">It is not such a message.</exception>
    public static IMessage Read(MessageDescriptor type, string json, ICollection<string> unknown)
    {
        var message = type.Parser.ParseFrom(ByteString.Empty);
        new JsonMessageReader(unknown).Read(json, message);
        return message;
    }

    /// <summary>What the message's definition lacks is passed over: a later release wrote it.</summary>
    /// <exception cref="FormatException">It is not such a message.</exception>
    public static T Read<T>(string json)
        where T : IMessage, new() => Read<T>(json, []);

    private static JsonObject Object(IMessage message, Func<FieldDescriptor, bool> isWritten, Func<IMessage, JsonObject> child) => new(
        message.Descriptor.Fields.InFieldNumberOrder().Where(isWritten)
            .Select(field => KeyValuePair.Create(field.Name, Value(field, field.Accessor.GetValue(message), child))));

    private static JsonNode? Value(FieldDescriptor field, object value, Func<IMessage, JsonObject> child) => value switch
    {
        IDictionary map => Map(field, map, child),
        IList list => new JsonArray([.. list.Cast<object>().Select(item => Single(field, item, child))]),
        _ => Single(field, value, child),
    };

    // In the order of keys, whatever order the message has them in.
    private static JsonObject Map(FieldDescriptor field, IDictionary map, Func<IMessage, JsonObject> child) => new(
        map.Keys.Cast<string>().Order(StringComparer.Ordinal).Select(key => KeyValuePair.Create(key, Single(field.MessageType.FindFieldByName("value"), map[key]!, child))));

    private static JsonNode? Single(FieldDescriptor field, object value, Func<IMessage, JsonObject> child) => value switch
    {
        Timestamp time => Text(time),
        IMessage message => child(message),
        ByteString bytes => bytes.ToBase64(),
        double number => Number(number),
        float number => Number(number),
        bool flag => flag,
        int number => number,
        uint number => number,
        long number => number,
        ulong number => number,
        string text => text,
        _ => EnumNames.Bare(field.EnumType, (int)value),
    };

    internal static string Text(Timestamp time) => time.ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");

    private static JsonNode Number(double number) => double.IsFinite(number) ? number : number.ToString();
}
