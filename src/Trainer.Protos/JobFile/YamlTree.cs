using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Trainer.Protos;

/// <summary>A YAML document as a tree that remembers where each part stands and keeps duplicate keys, so that they can be reported.</summary>
internal abstract record YamlNode(FilePosition At)
{
    /// <summary>What the node is called in error messages.</summary>
    public abstract string Kind { get; }

    public virtual IEnumerable<YamlNode> Children => [];
}

/// <param name="Plain">Without quotes: only then is <c>5</c> a number and <c>~</c> nothing.</param>
internal sealed record YamlScalar(FilePosition At, string Text, bool Plain) : YamlNode(At)
{
    public bool IsNull => Plain && Text is "" or "~" or "null" or "Null" or "NULL";

    public override string Kind => IsNull ? "nothing" : Plain ? $"'{Shorten(Text)}'" : $"the string \"{Shorten(Text)}\"";

    public static string Shorten(string text)
    {
        var line = string.Concat(text.Take(60).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
        return text.Length > 60 ? line + "..." : line;
    }
}

internal sealed record YamlSequence(FilePosition At, IReadOnlyList<YamlNode> Items) : YamlNode(At)
{
    public override string Kind => "a list";

    public override IEnumerable<YamlNode> Children => Items;
}

internal sealed record YamlMapping(FilePosition At, IReadOnlyList<YamlEntry> Entries) : YamlNode(At)
{
    public override string Kind => "fields";

    public override IEnumerable<YamlNode> Children => Entries.Select(entry => entry.Value);
}

/// <summary>Something that is among the faults already; it keeps its place, so that its neighbours keep their index.</summary>
internal sealed record YamlRefused(FilePosition At) : YamlNode(At)
{
    public override string Kind => "nothing";
}

/// <param name="At">The key's position.</param>
internal sealed record YamlEntry(FilePosition At, string Key, YamlNode Value);

/// <summary>Reads one YAML document without the parts that a job file has no use for: anchors, tags, further documents.</summary>
internal sealed class YamlTree
{
    // As many as a model that is nested as deep as it may be needs: a branch of a container takes five.
    private const int MaxDepth = 5 * (ModelLimits.Nesting + 1);

    private readonly IParser _parser;
    private readonly FaultList _faults;

    private YamlTree(IParser parser, FaultList faults) => (_parser, _faults) = (parser, faults);

    /// <summary>The document's root; <see cref="YamlRefused"/> when there is none or it is no YAML.</summary>
    public static YamlNode Load(string text, FaultList faults)
    {
        var scanner = new Scanner(new StringReader(text), skipComments: true);
        try
        {
            return new YamlTree(new GuardedParser(scanner), faults).ReadStream();
        }
        catch (MaximumRecursionLevelReachedException error)
        {
            return Refuse(Position(error.Start), error.Message);
        }
        catch (YamlException error)
        {
            return TabInIndentation(text) is { } tab
                ? Refuse(tab, "a tab stands here; YAML indents with spaces")
                : Refuse(Position(error.Start), $"not YAML: {error.Message}");
        }

        YamlRefused Refuse(FilePosition at, string problem)
        {
            faults.Add(at, "", problem);
            return new YamlRefused(at);
        }
    }

    /// <summary>The first tab that indents a line. The scanner trips over it elsewhere and does not say what it was.</summary>
    private static FilePosition? TabInIndentation(string text)
    {
        var line = 0;
        foreach (var content in text.AsSpan().EnumerateLines())
        {
            line++;
            var indentation = content[..^content.TrimStart().Length];
            if (indentation.Contains('\t'))
            {
                return new FilePosition(line, indentation.IndexOf('\t') + 1);
            }
        }

        return null;
    }

    private YamlNode ReadStream()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _))
        {
            _faults.Add(FilePosition.Start, "", "the file is empty; a job file starts with a line like 'name: my-first-job'");
            return new YamlRefused(FilePosition.Start);
        }
        _parser.Consume<DocumentStart>();
        var root = ReadNode("", 0);
        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out var second))
        {
            _faults.Add(Position(second.Start), "", "a second document starts here; a job file holds one job");
        }

        return root;
    }

    private YamlNode ReadNode(string path, int depth)
    {
        var next = _parser.Current ?? throw new YamlException("unexpected end");
        var at = Position(next.Start);
        if (depth > MaxDepth) // and not a token further: the scanner's time grows with the square of the depth
        {
            throw new MaximumRecursionLevelReachedException(next.Start, next.End, $"YAML nested deeper than {MaxDepth} levels");
        }

        YamlNode node = next switch
        {
            MappingStart => ReadMapping(at, path, depth),
            SequenceStart => ReadSequence(at, path, depth),
            AnchorAlias => ReadAlias(at),
            _ => ReadScalar(at),
        };
        if (Refusal(next) is not { } refusal)
        {
            return node;
        }

        _faults.Add(at, path, refusal);
        return new YamlRefused(at);
    }

    private YamlRefused ReadAlias(FilePosition at)
    {
        _parser.Consume<AnchorAlias>();
        return new(at);
    }

    private YamlScalar ReadScalar(FilePosition at)
    {
        var scalar = _parser.Consume<Scalar>();
        return new(at, scalar.Value, scalar.Style == ScalarStyle.Plain);
    }

    private YamlSequence ReadSequence(FilePosition at, string path, int depth)
    {
        var items = new List<YamlNode>();
        _parser.Consume<SequenceStart>();
        for (var i = 0; !_parser.TryConsume<SequenceEnd>(out _); i++)
        {
            items.Add(ReadNode($"{path}[{i}]", depth + 1));
        }

        return new(at, items);
    }

    private YamlMapping ReadMapping(FilePosition at, string path, int depth)
    {
        var entries = new List<YamlEntry>();
        _parser.Consume<MappingStart>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = ReadNode(path, depth + 1);
            var name = (key as YamlScalar)?.Text ?? "";
            var value = ReadNode(FieldPath.Join(path, name), depth + 1);
            if (name.Length > 0)
            {
                entries.Add(new(key.At, name, value));
            }
            else if (key is not YamlRefused)
            {
                _faults.Add(key.At, path, $"a field's name is expected here, got {key.Kind}");
            }
        }
        // The parser knows no place of a mapping without braces in a list with brackets: [relu: {}].
        return new(depth > 0 && at == FilePosition.Start && entries.Count > 0 ? entries[0].At : at, entries);
    }

    private static string? Refusal(ParsingEvent next) => next switch
    {
        AnchorAlias alias => $"'*{alias.Value}': aliases are not read; write the value out",
        NodeEvent { Anchor.IsEmpty: false } node => $"'&{node.Anchor}': anchors are not read; write each value where it belongs",
        NodeEvent { Tag.IsEmpty: false } node => $"'{node.Tag}': tags are not read; a field's type is known",
        _ => null,
    };

    private static FilePosition Position(Mark mark) => new((int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));

    /// <summary>The library answers some texts that are no YAML with faults of other kinds: a line '-' within a plain scalar, or a tag that is no URI.</summary>
    private sealed class GuardedParser(Scanner scanner) : IParser
    {
        private readonly Parser _parser = new(scanner);

        public ParsingEvent? Current => _parser.Current;

        /// <exception cref="YamlException">The text is no YAML.</exception>
        public bool MoveNext()
        {
            try
            {
                return _parser.MoveNext();
            }
            catch (Exception error) when (error is InvalidOperationException or ArgumentException)
            {
                throw new YamlException(scanner.CurrentPosition, scanner.CurrentPosition, "unexpected text", error);
            }
        }
    }
}
