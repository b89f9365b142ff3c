using System.Text.Json;

namespace Trainer.Kernels.Schema;

/// <summary>As torch.nn has it: left, right, top, bottom; or one number for all.</summary>
internal sealed class SidesForm : ValueForm
{
    private static readonly ValueForm Whole = Of(typeof(int));

    public override string Plural => "sides";

    public override object Read(JsonValue value)
    {
        const string expected = "[all] or [left, right, top, bottom]";
        var sides = value.Items(expected).Select(side => (int)Whole.Read(side)).ToList();
        return sides.Count switch
        {
            1 => (Sides)sides[0],
            4 => new Sides(sides[0], sides[1], sides[2], sides[3]),
            _ => throw value.Expected(expected),
        };
    }

    public override void Write(Utf8JsonWriter json, object value)
    {
        var sides = (Sides)value;
        json.WriteStartArray();
        foreach (var side in sides == (Sides)sides.Left ? [sides.Left] : new[] { sides.Left, sides.Right, sides.Top, sides.Bottom })
        {
            json.WriteNumberValue(side);
        }

        json.WriteEndArray();
    }
}
