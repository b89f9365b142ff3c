namespace Trainer.Protos;

/// <summary>A named list of layers of a job file in which <c>$name</c> stands for an argument.</summary>
/// <param name="Parameters">The names behind the <c>$</c>, in the order of the text.</param>
internal sealed record Block(string Name, FilePosition At, YamlSequence Body, IReadOnlyList<string> Parameters);

/// <summary>The blocks that a model section defines.</summary>
internal sealed class BlockLibrary
{
    public const string Section = "model.blocks";

    private readonly Dictionary<string, Block> _blocks = new(StringComparer.Ordinal);
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    /// <summary>The argument that a value stands for, <c>$channels</c>; null: the value stands for itself.</summary>
    public static string? Argument(YamlNode node) => node is YamlScalar { Plain: true } scalar && scalar.Text.StartsWith('$') ? scalar.Text[1..] : null;

    public static BlockLibrary Read(YamlEntry section, FaultList faults)
    {
        var library = new BlockLibrary();
        if (section.Value is not YamlMapping mapping)
        {
            if (section.Value is not YamlRefused)
            {
                faults.Add(section.Value.At, Section, $"expected names of blocks, each with its layers, got {section.Value.Kind}");
            }

            return library;
        }
        foreach (var entry in mapping.Entries)
        {
            library.Add(entry, faults);
        }

        return library;
    }

    /// <summary>The block of this name, which now counts as used.</summary>
    public Block? Use(string name)
    {
        if (_blocks.TryGetValue(name, out var block))
        {
            _used.Add(name);
        }

        return block;
    }

    public bool Has(string name) => _blocks.ContainsKey(name);

    public void RefuseUnused(FaultList faults)
    {
        foreach (var block in _blocks.Values.Where(block => !_used.Contains(block.Name)))
        {
            faults.Add(block.At, FieldPath.Join(Section, block.Name), "is never used; remove it");
        }
    }

    private void Add(YamlEntry entry, FaultList faults)
    {
        var path = FieldPath.Join(Section, YamlScalar.Shorten(entry.Key));
        if (!IsName(entry.Key))
        {
            faults.Add(entry.At, path, "a block's name is made of at most 64 lower-case letters, digits and underscores and starts with a letter");
        }
        else if (entry.Key == BlockExpander.Repeat || Layer.Descriptor.FindFieldByName(entry.Key) is not null)
        {
            faults.Add(entry.At, path, "is a word of job files already; choose another name");
        }
        else if (_blocks.TryGetValue(entry.Key, out var first))
        {
            faults.Add(entry.At, path, $"given twice, first in line {first.At.Line}");
        }
        else if (entry.Value is YamlSequence body)
        {
            _blocks.Add(entry.Key, new(entry.Key, entry.At, body, Parameters(body, path, faults)));
        }
        else if (entry.Value is not YamlRefused)
        {
            faults.Add(entry.Value.At, path, $"expected a list of layers, got {entry.Value.Kind}");
        }
    }

    private static string[] Parameters(YamlNode body, string path, FaultList faults)
    {
        var names = new List<string>();
        foreach (var scalar in Scalars(body))
        {
            if (Argument(scalar) is not { } name)
            {
                continue;
            }

            if (IsName(name))
            {
                names.Add(name);
            }
            else
            {
                faults.Add(scalar.At, path, $"{scalar.Kind}: an argument is $ and a name of at most 64 lower-case letters, digits and underscores");
            }
        }
        return [.. names.Distinct()];
    }

    private static IEnumerable<YamlScalar> Scalars(YamlNode node) => node switch
    {
        YamlScalar scalar => [scalar],
        YamlSequence sequence => sequence.Items.SelectMany(Scalars),
        YamlMapping mapping => mapping.Entries.SelectMany(entry => Scalars(entry.Value)),
        _ => [],
    };

    private static bool IsName(string text) =>
        text.Length is > 0 and <= 64 && char.IsAsciiLetterLower(text[0]) && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');
}
