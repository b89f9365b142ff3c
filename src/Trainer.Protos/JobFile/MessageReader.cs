using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Trainer.Protos;

/// <summary>Fills a message from a YAML tree by the message's descriptor, field by field, and remembers where each field stands.</summary>
/// <param name="folder">Where relative paths in file fields start.</param>
internal sealed class MessageReader(FaultList faults, string folder)
{
    // Of more than these, such as the kinds of layers, the names would hide the message.
    private const int ShownChoices = 8;

    private readonly Dictionary<string, FilePosition> _places = new(StringComparer.Ordinal);

    public bool IsGiven(string path) => _places.ContainsKey(path);

    /// <summary>Where the field stands, or, for one that is missing, the nearest section around it.</summary>
    public FilePosition Place(string path)
    {
        while (path.Length > 0)
        {
            if (_places.TryGetValue(path, out var at))
            {
                return at;
            }

            path = path[..Math.Max(0, path.LastIndexOfAny(['.', '[']))];
        }
        return FilePosition.Start;
    }

    /// <summary>Reads a section. Its name without a value is an empty section, which <see cref="JobRules"/> then judges.</summary>
    public void Read(YamlNode node, IMessage message, string path)
    {
        if (node is YamlMapping mapping)
        {
            ReadFields(mapping, message, path);
        }
        else if (node is not (YamlRefused or YamlScalar { IsNull: true }))
        {
            faults.Add(node.At, path, $"expected fields ({Names(message.Descriptor)}), got {node.Kind}");
        }
    }

    private void ReadFields(YamlMapping mapping, IMessage message, string path)
    {
        var seen = new Dictionary<string, YamlEntry>(StringComparer.Ordinal);
        var chosen = new Dictionary<OneofDescriptor, FieldDescriptor>();
        foreach (var entry in mapping.Entries)
        {
            var fieldPath = FieldPath.Join(path, YamlScalar.Shorten(entry.Key));
            var field = message.Descriptor.FindFieldByName(entry.Key);
            if (field is null)
            {
                faults.Add(entry.At, fieldPath, $"unknown field{DidYouMean.Hint(entry.Key, FieldNames(message.Descriptor))}");
            }
            else if (!seen.TryAdd(entry.Key, entry))
            {
                faults.Add(entry.At, fieldPath, $"given twice, first in line {seen[entry.Key].At.Line}");
            }
            else if (field.RealContainingOneof is { } oneof && !chosen.TryAdd(oneof, field))
            {
                faults.Add(entry.At, fieldPath, $"cannot stand beside {chosen[oneof].Name}: only one of {OneOf(oneof)}");
            }
            else
            {
                ReadField(field, entry, message, fieldPath);
            }
        }
    }

    private void ReadField(FieldDescriptor field, YamlEntry entry, IMessage message, string path)
    {
        // A value is pointed at itself, a section at its name.
        _places[path] = field.FieldType != FieldType.Message && entry.Value is not YamlScalar { IsNull: true } ? entry.Value.At : entry.At;
        if (field.IsRepeated)
        {
            ReadList(field, entry.Value, (IList)field.Accessor.GetValue(message), path);
        }
        else if (ReadValue(field, entry.Value, path) is { } value)
        {
            field.Accessor.SetValue(message, value);
        }
    }

    /// <summary>A list, or a single value in its place: <c>kernel_size: 5</c>.</summary>
    private void ReadList(FieldDescriptor field, YamlNode node, IList list, string path)
    {
        IReadOnlyList<YamlNode> items;
        if (node is YamlSequence sequence)
        {
            items = sequence.Items;
        }
        else if (node is YamlScalar { IsNull: false } && field.FieldType != FieldType.Message)
        {
            items = [node];
        }
        else
        {
            items = [];
        }

        if (items.Count == 0 && node is not (YamlSequence or YamlRefused))
        {
            faults.Add(node.At, path, node is YamlScalar { IsNull: true } ? "has no value; give one or remove the line" : $"expected a list, got {node.Kind}");
        }

        for (var i = 0; i < items.Count; i++)
        {
            var itemPath = FieldPath.Item(field, path, i, items.Count);
            _places[itemPath] = items[i].At;
            if (ReadValue(field, items[i], itemPath) is { } value)
            {
                list.Add(value);
            }
        }
    }

    /// <summary>Null where there is a fault.</summary>
    private object? ReadValue(FieldDescriptor field, YamlNode node, string path)
    {
        if (field.FieldType == FieldType.Message)
        {
            var child = field.MessageType.Parser.ParseFrom([]);
            Read(node, child, path);
            return child;
        }
        if (node is YamlScalar scalar)
        {
            if (ScalarReader.TryRead(field, scalar, out var value, out var problem))
            {
                return value is string text && FieldPath.Rule(field).File ? Resolve(text) : value;
            }

            faults.Add(scalar.At, path, problem);
        }
        else if (node is not YamlRefused)
        {
            faults.Add(node.At, path, $"expected a single value, got {node.Kind}");
        }
        return null;
    }

    private string Resolve(string file) => file.Length == 0 || file.Contains('\0', StringComparison.Ordinal) ? file : Path.GetFullPath(file, folder);

    private static string OneOf(OneofDescriptor oneof) =>
        oneof.Fields.Count > ShownChoices ? "them" : FieldPath.Either(oneof.Fields.Select(field => field.Name));

    private static string[] FieldNames(MessageDescriptor message) => [.. message.Fields.InFieldNumberOrder().Select(field => field.Name)];

    private static string Names(MessageDescriptor message) => message.Fields.InFieldNumberOrder().Any() ? string.Join(", ", FieldNames(message)) : "none: {}";
}
