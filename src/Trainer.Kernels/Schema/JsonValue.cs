using System.Text.Json;

namespace Trainer.Kernels.Schema;

/// <summary>A value of a job's JSON form and where it stands: <c>layers[3].conv2d.stride</c>.</summary>
internal sealed record JsonValue(JsonElement Element, string Path)
{
    // A model of thirty containers within each other is 150 levels of JSON.
    private static readonly JsonDocumentOptions Limits = new() { MaxDepth = 256 };

    /// <summary>What <paramref name="read"/> makes of a document.</summary>
    /// <param name="json">The document.</param>
    /// <param name="path">What errors call it.</param>
    /// <exception cref="ModelException">It is not JSON, or <paramref name="read"/> says so.</exception>
    public static T Parse<T>(string json, string path, Func<JsonValue, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Limits);
            return read(new JsonValue(document.RootElement, path));
        }
        catch (JsonException broken)
        {
            throw new ModelException(path, $"not JSON: {broken.Message}");
        }
    }

    /// <summary>A field of this object, for errors where there is none.</summary>
    public JsonValue Member(string name, JsonElement value = default) => new(value, $"{Path}.{name}");

    /// <summary>The fields of an object by name, in their order.</summary>
    /// <param name="expected">What is expected here, in words.</param>
    public OrderedDictionary<string, JsonValue> Fields(string expected = "an object")
    {
        var fields = new OrderedDictionary<string, JsonValue>(StringComparer.Ordinal);
        foreach (var property in Expect(JsonValueKind.Object, expected).EnumerateObject())
        {
            var field = Member(property.Name, property.Value);
            if (!fields.TryAdd(property.Name, field))
            {
                throw field.Refuse("given twice");
            }
        }

        return fields;
    }

    /// <summary>The items of a list of numbers; a single one may stand without brackets, as it may in job files.</summary>
    public IEnumerable<JsonValue> Items(string expected) => Element.ValueKind == JsonValueKind.Number ? [this] : ItemsInBrackets(expected);

    /// <summary>The items of a list of anything.</summary>
    public IEnumerable<JsonValue> ItemsInBrackets(string expected) =>
        Expect(JsonValueKind.Array, expected).EnumerateArray().Select((element, i) => new JsonValue(element, $"{Path}[{i}]"));

    public ModelException Expected(string expected) => Refuse($"found {Element.GetRawText()}; expected {expected}");

    public ModelException Refuse(string problem) => new(Path, problem);

    private JsonElement Expect(JsonValueKind kind, string expected) => Element.ValueKind == kind ? Element : throw Expected(expected);
}
