using System.Globalization;
using System.Reflection;
using System.Text.Json;

namespace Trainer.Kernels.Schema;

internal sealed class WholeForm : ValueForm
{
    public override string Plural => "whole numbers";

    public override object Read(JsonValue value) => value.Element.ValueKind == JsonValueKind.Number && value.Element.TryGetInt32(out var number)
        ? number
        : throw value.Expected("a whole number below 2^31");

    public override void Write(Utf8JsonWriter json, object value) => json.WriteNumberValue((int)value);
}

/// <summary>Protobuf's JSON writes 64-bit numbers as strings.</summary>
internal sealed class UnsignedForm : ValueForm
{
    public override string Plural => "whole numbers";

    public override object Read(JsonValue value)
    {
        var text = value.Element.ValueKind == JsonValueKind.String ? value.Element.GetString() : value.Element.GetRawText();
        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw value.Expected("a whole number below 2^64");
    }

    public override void Write(Utf8JsonWriter json, object value) => json.WriteNumberValue((ulong)value);
}

internal sealed class RealForm : ValueForm
{
    public override string Plural => "numbers";

    public override object Read(JsonValue value) =>
        value.Element.ValueKind == JsonValueKind.Number ? value.Element.GetDouble() : throw value.Expected("a number");

    public override void Write(Utf8JsonWriter json, object value) => json.WriteNumberValue((double)value);
}

internal sealed class FlagForm : ValueForm
{
    public override string Plural => "flags";

    public override object Read(JsonValue value) => value.Element.ValueKind is JsonValueKind.True or JsonValueKind.False
        ? value.Element.GetBoolean()
        : throw value.Expected("true or false");

    public override void Write(Utf8JsonWriter json, object value) => json.WriteBooleanValue((bool)value);
}

internal sealed class TextForm : ValueForm
{
    public override string Plural => "texts";

    public override object Read(JsonValue value) =>
        value.Element.ValueKind == JsonValueKind.String ? value.Element.GetString()! : throw value.Expected("a text");

    public override void Write(Utf8JsonWriter json, object value) => json.WriteStringValue((string)value);
}

/// <summary>A member of an enumeration by its name.</summary>
internal sealed class WordForm(Type type) : ValueForm
{
    private readonly (string Word, object Member)[] _members =
        [.. type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (Word(field), field.GetValue(null)!))];

    public override string Plural => "words";

    public IEnumerable<string> Words => _members.Select(member => member.Word);

    public object Member(string word) => _members.First(member => member.Word == word).Member;

    public string WordOf(object value) => _members.First(member => member.Member.Equals(value)).Word;

    public override object Read(JsonValue value)
    {
        foreach (var (word, member) in _members)
        {
            if (value.Element.ValueKind == JsonValueKind.String && value.Element.ValueEquals(word))
            {
                return member;
            }
        }

        throw value.Expected($"one of {string.Join(", ", Words)}");
    }

    public override void Write(Utf8JsonWriter json, object value) => json.WriteStringValue(WordOf(value));

    private static string Word(FieldInfo member) => member.GetCustomAttribute<OptionAttribute>()?.Name ?? SnakeCase.Of(member.Name);
}

internal sealed class Size2Form : ValueForm
{
    private static readonly ValueForm Whole = Of(typeof(int));

    public override string Plural => "sizes";

    public override object Read(JsonValue value)
    {
        const string expected = "[both] or [height, width]";
        var sides = value.Items(expected).ToList();
        return sides.Count is 1 or 2
            ? new Size2((int)Whole.Read(sides[0] with { Path = value.Path }), (int)Whole.Read(sides[^1] with { Path = value.Path }))
            : throw value.Expected(expected);
    }

    public override void Write(Utf8JsonWriter json, object value)
    {
        var size = (Size2)value;
        json.WriteStartArray();
        json.WriteNumberValue(size.Height);
        if (size.Width != size.Height)
        {
            json.WriteNumberValue(size.Width);
        }

        json.WriteEndArray();
    }
}
