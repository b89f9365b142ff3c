using System.Text;
using System.Text.Json.Nodes;

namespace Trainer.Differential.Tests.Generation;

/// <summary>Writes a description as people write job files: sections and lists of sections in blocks, what is small in a line.</summary>
internal static class Yaml
{
    private const int LineLength = 120;

    public static string Of(JsonObject content)
    {
        var text = new StringBuilder();
        Fields(text, content, "");
        return text.ToString();
    }

    private static void Fields(StringBuilder text, JsonObject fields, string indent)
    {
        foreach (var (name, value) in fields)
        {
            text.Append(indent).Append(name).Append(':');
            Value(text, value!, indent);
        }
    }

    private static void Value(StringBuilder text, JsonNode value, string indent)
    {
        var line = Flow(value);
        if (line.Length + indent.Length <= LineLength || value is not (JsonObject or JsonArray { Count: > 0 }))
        {
            text.Append(' ').Append(line).Append('\n');
        }
        else if (value is JsonObject fields)
        {
            Fields(text.Append('\n'), fields, indent + "  ");
        }
        else
        {
            Items(text.Append('\n'), (JsonArray)value, indent + "  ");
        }
    }

    private static void Items(StringBuilder text, JsonArray items, string indent)
    {
        foreach (var item in items)
        {
            var line = Flow(item!);
            if (line.Length + indent.Length > LineLength && item is JsonObject fields)
            {
                var inner = new StringBuilder();
                Fields(inner, fields, indent + "  ");
                line = inner.ToString().Trim();
            }

            text.Append(indent).Append("- ").Append(line).Append('\n');
        }
    }

    private static string Flow(JsonNode value) => value switch
    {
        JsonObject fields => $"{{{string.Join(", ", fields.Select(field => $"{field.Key}: {Flow(field.Value!)}"))}}}",
        JsonArray items => $"[{string.Join(", ", items.Select(item => Flow(item!)))}]",
        _ when value.GetValueKind() == System.Text.Json.JsonValueKind.String => Text(value.GetValue<string>()),
        _ => value.ToJsonString(),
    };

    private static string Text(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.') ? text : $"\"{text}\"";
}
