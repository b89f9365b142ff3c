namespace Trainer.Protos;

/// <summary>Values that are given beside a job file, <c>training.optimizer.sgd.lr=0.01</c>, and stand in place of the file's.</summary>
internal static class JobOverrides
{
    /// <summary>The tree with each value at its path; sections that the file has not are made.</summary>
    public static YamlNode Apply(YamlNode root, IReadOnlyList<string> overrides, FaultList faults)
    {
        foreach (var text in overrides)
        {
            root = Apply(root, text, faults);
        }

        return root;
    }

    private static YamlNode Apply(YamlNode root, string text, FaultList faults)
    {
        var at = new FilePosition(0, 0, $"--set {text}");
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            faults.Add(at, "", "expected PATH=VALUE, such as training.epochs=3");
            return root;
        }

        if (Segments(text[..equals].Trim()) is not { } path)
        {
            faults.Add(at, "", $"'{text[..equals].Trim()}' is no path of a field; expected one like training.optimizer.sgd.lr or model.layers[3].dropout.p");
            return root;
        }

        var value = Value(text[(equals + 1)..], at, faults);
        return value is YamlRefused ? root : Set(root, path, value, new Place(at, "", faults));
    }

    /// <summary>The value as YAML, every part of it at the override's place.</summary>
    private static YamlNode Value(string text, FilePosition at, FaultList faults)
    {
        if (text.Trim().Length == 0)
        {
            return new YamlScalar(at, "", Plain: true);
        }

        var own = new FaultList(at.Source!);
        var value = YamlTree.Load(text, own);
        if (own.First is { } fault)
        {
            faults.Add(at, "", fault.Problem);
            return new YamlRefused(at);
        }

        return Moved(value, at);
    }

    private static YamlNode Moved(YamlNode node, FilePosition at) => node switch
    {
        YamlMapping mapping => new YamlMapping(at, [.. mapping.Entries.Select(entry => new YamlEntry(at, entry.Key, Moved(entry.Value, at)))]),
        YamlSequence list => new YamlSequence(at, [.. list.Items.Select(item => Moved(item, at))]),
        _ => node with { At = at },
    };

    private static YamlNode Set(YamlNode? node, ReadOnlySpan<Segment> path, YamlNode value, Place place)
    {
        if (path.IsEmpty)
        {
            return value;
        }

        var first = path[0];
        return first.Index is { } index ? SetItem(node, index, path, value, place) : SetField(node, first.Name!, path, value, place);
    }

    private static YamlNode SetField(YamlNode? node, string name, ReadOnlySpan<Segment> path, YamlNode value, Place place)
    {
        var within = place.Within(FieldPath.Join(place.Path, name));
        if (node is not (null or YamlMapping or YamlScalar { IsNull: true }))
        {
            return node is YamlRefused ? node : place.Refuse(node, $"has no field {name}: it is {node.Kind}");
        }

        var entries = (node as YamlMapping)?.Entries ?? [];
        var old = entries.LastOrDefault(entry => entry.Key == name);
        var entry = new YamlEntry(path.Length == 1 ? place.At : old?.At ?? place.At, name, Set(old?.Value, path[1..], value, within));
        return new YamlMapping(node?.At ?? place.At, old is null ? [.. entries, entry] : [.. entries.Select(other => ReferenceEquals(other, old) ? entry : other)]);
    }

    private static YamlNode SetItem(YamlNode? node, int index, ReadOnlySpan<Segment> path, YamlNode value, Place place)
    {
        var items = (node as YamlSequence)?.Items ?? [];
        if (index >= items.Count)
        {
            return place.Refuse(node, $"has no item [{index}]: it {(node is YamlSequence ? $"has {items.Count}" : "is no list")}");
        }

        var item = Set(items[index], path[1..], value, place.Within($"{place.Path}[{index}]"));
        return new YamlSequence(node!.At, [.. items.Select((other, i) => i == index ? item : other)]);
    }

    /// <summary>Null where the text is no path.</summary>
    private static Segment[]? Segments(string path)
    {
        var segments = new List<Segment>();
        foreach (var part in path.Split('.'))
        {
            var brackets = part.Split('[');
            if (brackets[0].Length == 0 || !brackets[0].All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            {
                return null;
            }

            segments.Add(new Segment(brackets[0], null));
            foreach (var bracket in brackets[1..])
            {
                if (!bracket.EndsWith(']') || !int.TryParse(bracket[..^1], System.Globalization.NumberStyles.None, null, out var index))
                {
                    return null;
                }

                segments.Add(new Segment(null, index));
            }
        }

        return [.. segments];
    }

    private readonly record struct Segment(string? Name, int? Index);

    private readonly record struct Place(FilePosition At, string Path, FaultList Faults)
    {
        public Place Within(string path) => this with { Path = path };

        public YamlNode Refuse(YamlNode? node, string problem)
        {
            Faults.Add(At, Path, problem);
            return node ?? new YamlRefused(At);
        }
    }
}
