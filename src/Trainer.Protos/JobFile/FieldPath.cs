using System.Collections;
using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Trainer.Protos;

/// <summary>How fields are named in messages, and what is told about them: <c>model.layers[3].conv2d.kernel_size</c>.</summary>
internal static class FieldPath
{
    public static string Join(string parent, string name) => parent.Length == 0 ? name : $"{parent}.{name}";

    /// <summary>The path of an element; of a single number or text without brackets, since it may be written so: <c>kernel_size: 5</c>.</summary>
    public static string Item(FieldDescriptor list, string path, int index, int count) =>
        count == 1 && list.FieldType != FieldType.Message ? path : $"{path}[{index}]";

    /// <summary>Has the field been given? Of a field without presence (proto3 without <c>optional</c>) 0 and "" mean no.</summary>
    public static bool IsPresent(FieldDescriptor field, IMessage message) => (field, field.Accessor.GetValue(message)) switch
    {
        ({ IsRepeated: true }, ICollection many) => many.Count > 0,
        ({ HasPresence: true }, _) => field.Accessor.HasValue(message),
        (_, string text) => text.Length > 0,
        (_, ByteString bytes) => bytes.Length > 0,
        (_, IConvertible number) => number.ToDouble(CultureInfo.InvariantCulture) != 0,
        _ => throw new NotSupportedException($"{field.FullName} is of a type that job files have no form for: {field.FieldType}"),
    };

    /// <summary>The rule of a field; one that demands nothing where none is written.</summary>
    public static Rule Rule(FieldDescriptor field) => field.GetOptions()?.GetExtension(RulesExtensions.Rule) ?? NoRule;

    /// <summary>Sets of fields of which exactly one must be given: the message's oneofs and its <c>exactly_one_of</c>.</summary>
    public static IEnumerable<IReadOnlyList<FieldDescriptor>> Choices(MessageDescriptor message)
    {
        foreach (var oneof in message.Oneofs.Where(oneof => !oneof.IsSynthetic))
        {
            yield return [.. oneof.Fields];
        }

        if (message.GetOptions()?.GetExtension(RulesExtensions.ExactlyOneOf) is { Count: > 0 } names)
        {
            yield return [.. names.Select(message.FindFieldByName)];
        }
    }

    /// <summary>Fields of which at least one must be given, those of a named oneof included; empty: none.</summary>
    public static IReadOnlyList<FieldDescriptor> AnyOf(MessageDescriptor message) =>
        [.. (message.GetOptions()?.GetExtension(RulesExtensions.AnyOf) ?? []).SelectMany(name => Named(message, name))];

    /// <summary>"a, b or c".</summary>
    public static string Either(IEnumerable<string> names)
    {
        string[] all = [.. names];
        return all.Length < 2 ? string.Concat(all) : $"{string.Join(", ", all[..^1])} or {all[^1]}";
    }

    private static IEnumerable<FieldDescriptor> Named(MessageDescriptor message, string name) =>
        message.Oneofs.FirstOrDefault(oneof => oneof.Name == name)?.Fields ?? [message.FindFieldByName(name)];

    private static readonly Rule NoRule = new();
}
