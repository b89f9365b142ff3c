using System.Collections;
using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Trainer.Protos;

/// <summary>Writes a message as YAML that <see cref="MessageReader"/> reads back: present fields only, in the order of their numbers.</summary>
internal static class YamlWriter
{
    public static string Write(IMessage message)
    {
        var text = new StringBuilder();
        Fields(text, message, "");
        return text.ToString();
    }

    private static void Fields(StringBuilder text, IMessage message, string indent)
    {
        foreach (var field in Present(message))
        {
            var value = field.Accessor.GetValue(message);
            text.Append(indent).Append(field.Name).Append(':');
            if (value is IList list && field.FieldType == FieldType.Message)
            {
                Items(text.Append('\n'), list, indent + "  ");
            }
            else if (value is IMessage child && Present(child).Any())
            {
                Fields(text.Append('\n'), child, indent + "  ");
            }
            else
            {
                text.Append(' ').Append(Inline(value)).Append('\n');
            }
        }
    }

    private static void Items(StringBuilder text, IList items, string indent)
    {
        foreach (IMessage item in items)
        {
            var fields = new StringBuilder();
            Fields(fields, item, indent + "  ");
            text.Append(indent).Append("- ").Append(fields.Length > 0 ? fields.ToString().TrimStart(' ') : "{}\n");
        }
    }

    private static string Inline(object value) => value switch
    {
        IMessage => "{}",
        string text => Quoted(text),
        bool truth => truth ? "true" : "false",
        double number => ValueRules.Text(number),
        IList { Count: 1 } list => Inline(list[0]!),
        IList list => $"[{string.Join(", ", list.Cast<object>().Select(Inline))}]",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static IEnumerable<FieldDescriptor> Present(IMessage message) =>
        message.Descriptor.Fields.InFieldNumberOrder().Where(field => FieldPath.IsPresent(field, message));

    private static string Quoted(string text) => IsPlain(text) ? text : $"\"{string.Concat(text.Select(Escaped))}\"";

    private static string Escaped(char c) => c switch
    {
        '"' => "\\\"",
        '\\' => @"\\",
        _ when char.IsControl(c) || c is '\u2028' or '\u2029' or '\ufeff' => $"\\u{(int)c:x4}",
        _ => c.ToString(),
    };

    private static bool IsPlain(string text) =>
        text.Length > 0 && (char.IsAsciiLetter(text[0]) || text[0] == '/') && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '/' or '-')
        && !Ambiguous.Contains(text);

    // Words that YAML readers take for something else than text.
    private static readonly FrozenSet<string> Ambiguous =
        new[] { "null", "true", "false", "yes", "no", "on", "off", "y", "n" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
}
