using System.Globalization;

namespace Trainer.Protos;

/// <summary>
/// Writes out what a model section abbreviates, so that only plain layers are left: <c>- vgg: {convs: 2}</c> becomes a <c>sequential</c> of the layers
/// of block <c>vgg</c> with its arguments put in, <c>- repeat: {times: 3, layers: [...]}</c> becomes the layers, three times.
/// </summary>
/// <remarks>Every node keeps the place at which its text stands, so that faults found later still point into the file.</remarks>
internal sealed class BlockExpander
{
    public const string Repeat = "repeat";

    public const int MaxTimes = 1000;

    // Blocks and repeats multiply, and arguments can be long lists: a short file can ask for any number of values.
    private const int MaxNodes = 200_000;

    private static readonly string[] RepeatFields = ["times", "layers"];

    private readonly FaultList _faults;
    private readonly BlockLibrary _blocks;
    private int _nodes;
    private int _layers;

    private BlockExpander(BlockLibrary blocks, FaultList faults) => (_blocks, _faults) = (blocks, faults);

    /// <summary>The job file's tree without abbreviations.</summary>
    public static YamlNode Expand(YamlNode root, FaultList faults) => root is not YamlMapping job
        ? root
        : job with { Entries = [.. job.Entries.Select(entry => entry is { Key: "model", Value: YamlMapping it } ? entry with { Value = Model(it, faults) } : entry)] };

    private static YamlMapping Model(YamlMapping model, FaultList faults)
    {
        YamlEntry[] sections = [.. model.Entries.Where(entry => entry.Key == "blocks")];
        foreach (var again in sections.Skip(1))
        {
            faults.Add(again.At, BlockLibrary.Section, $"given twice, first in line {sections[0].At.Line}");
        }

        var blocks = sections.Length > 0 ? BlockLibrary.Read(sections[0], faults) : new BlockLibrary();
        var expander = new BlockExpander(blocks, faults);
        YamlEntry[] entries = [.. model.Entries.Except(sections).Select(expander.TopLevel)];
        blocks.RefuseUnused(faults);
        return model with { Entries = entries };
    }

    private YamlEntry TopLevel(YamlEntry entry) =>
        entry.Key == "layers" ? entry with { Value = Layers(entry.Value, new Scope("model.layers", 0, null, [])) } : entry;

    /// <summary>A list of layers; any other node is left to the reader of the message.</summary>
    private YamlNode Layers(YamlNode node, Scope scope)
    {
        if (node is not YamlSequence list)
        {
            return Value(node, scope);
        }

        Count(node);
        if (scope.Nesting > ModelLimits.Nesting)
        {
            GiveUp(node, ModelLimits.TooDeep);
        }

        var layers = new List<YamlNode>();
        foreach (var item in list.Items)
        {
            AddLayer(item, scope, layers);
        }

        return list with { Items = layers };
    }

    private void AddLayer(YamlNode item, Scope list, List<YamlNode> layers)
    {
        var scope = list with { Path = $"{list.Path}[{layers.Count}]" };
        if (++_layers > ModelLimits.Layers)
        {
            GiveUp(item, $"blocks and repeats come to more than {ModelLimits.Layers} layers");
        }

        if (item is YamlMapping layer && layer.Entries.FirstOrDefault(entry => entry.Key == Repeat) is { } repeat)
        {
            AddRepeated(layer, repeat, list, scope, layers);
        }
        else if (item is YamlMapping use && use.Entries.FirstOrDefault(entry => _blocks.Has(entry.Key)) is { } block)
        {
            layers.Add(UseBlock(block, scope) is { } written
                ? use with { Entries = [.. use.Entries.Select(entry => ReferenceEquals(entry, block) ? written : entry)] }
                : new YamlRefused(item.At));
        }
        else
        {
            layers.Add(Value(item, scope));
        }
    }

    private void AddRepeated(YamlMapping item, YamlEntry repeat, Scope list, Scope scope, List<YamlNode> layers)
    {
        var path = FieldPath.Join(scope.Path, Repeat);
        if (item.Entries.Count > 1)
        {
            _faults.Add(repeat.At, path, "takes nothing beside it: its layers become part of this list");
        }

        if (ReadArguments(repeat, path, "field", RepeatFields, scope) is not { } fields || Times(fields["times"], path) is not { } times)
        {
            layers.Add(new YamlRefused(item.At));
            return;
        }
        for (var i = 0; i < times; i++)
        {
            if (fields["layers"] is YamlSequence body)
            {
                foreach (var layer in body.Items)
                {
                    AddLayer(layer, list, layers);
                }
            }
            else if (i == 0)
            {
                layers.Add(new YamlRefused(item.At));
                _faults.Add(fields["layers"].At, FieldPath.Join(path, "layers"), $"expected a list of layers, got {fields["layers"].Kind}");
            }
        }
    }

    private int? Times(YamlNode node, string path)
    {
        var text = (node as YamlScalar)?.Text;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var times) && times is > 0 and <= MaxTimes)
        {
            return times;
        }

        if (node is not YamlRefused)
        {
            _faults.Add(node.At, FieldPath.Join(path, "times"), $"expected a whole number from 1 to {MaxTimes}, got {node.Kind}");
        }

        return null;
    }

    /// <summary><c>vgg: {convs: 2}</c> -> <c>sequential: {layers: [...]}</c>; null where something is wrong.</summary>
    private YamlEntry? UseBlock(YamlEntry use, Scope scope)
    {
        var block = _blocks.Use(use.Key)!;
        var path = FieldPath.Join(scope.Path, use.Key);
        if (scope.Blocks.Contains(block.Name))
        {
            var circle = string.Join(" > ", [.. scope.Blocks.SkipWhile(name => name != block.Name), block.Name]);
            _faults.Add(use.At, path, $"block {block.Name} holds itself: {circle}");
            return null;
        }
        if (ReadArguments(use, path, "argument", block.Parameters, scope) is not { } arguments)
        {
            return null;
        }

        var within = new Scope($"{scope.Path}.sequential.layers", scope.Nesting + 1, arguments, [.. scope.Blocks, block.Name]);
        return new(use.At, "sequential", new YamlMapping(use.At, [new(use.At, "layers", Layers(block.Body, within))]));
    }

    /// <summary>The values of the named fields, each of which must be given; null where something is wrong.</summary>
    private Dictionary<string, YamlNode>? ReadArguments(YamlEntry use, string path, string what, IReadOnlyList<string> names, Scope scope)
    {
        var values = new Dictionary<string, YamlNode>(StringComparer.Ordinal);
        if (use.Value is not (YamlMapping or YamlScalar { IsNull: true }))
        {
            if (use.Value is not YamlRefused)
            {
                _faults.Add(use.Value.At, path, $"expected {what}s ({(names.Count > 0 ? string.Join(", ", names) : "none: {}")}), got {use.Value.Kind}");
            }

            return null;
        }
        var good = true;
        foreach (var given in (use.Value as YamlMapping)?.Entries ?? [])
        {
            var problem = !names.Contains(given.Key) ? $"unknown {what}{DidYouMean.Hint(given.Key, names)}"
                : !values.TryAdd(given.Key, Substitute(given.Value, use.Key == Repeat, scope)) ? "given twice"
                : null;
            good &= Report(problem, given.At, FieldPath.Join(path, YamlScalar.Shorten(given.Key)));
        }
        foreach (var missing in names.Where(name => !values.ContainsKey(name)))
        {
            good &= Report("is required", use.At, FieldPath.Join(path, missing));
        }

        return good ? values : null;
    }

    /// <summary>An argument as the scope around its use gives it. A repeat's layers are left as they are: their own turn comes.</summary>
    private YamlNode Substitute(YamlNode value, bool ofRepeat, Scope scope) => ofRepeat && value is YamlSequence ? value : Value(value, scope);

    private bool Report(string? problem, FilePosition at, string path)
    {
        if (problem is not null)
        {
            _faults.Add(at, path, problem);
        }

        return problem is null;
    }

    /// <summary>A node with arguments put in and all lists of layers in it written out.</summary>
    private YamlNode Value(YamlNode node, Scope scope)
    {
        Count(node);
        return node switch
        {
            YamlMapping mapping => mapping with { Entries = [.. mapping.Entries.Select(entry => Field(entry, scope))] },
            YamlSequence list => list with { Items = [.. list.Items.Select((item, i) => Value(item, scope with { Path = $"{scope.Path}[{i}]" }))] },
            _ when BlockLibrary.Argument(node) is { } argument => Argument(node, argument, scope),
            _ => node,
        };
    }

    private YamlEntry Field(YamlEntry entry, Scope scope)
    {
        var within = scope with { Path = FieldPath.Join(scope.Path, YamlScalar.Shorten(entry.Key)) };
        return entry with
        {
            Value = LayerNames.ListFields.Contains(entry.Key) ? Layers(entry.Value, within with { Nesting = scope.Nesting + 1 }) : Value(entry.Value, within),
        };
    }

    private YamlNode Argument(YamlNode node, string name, Scope scope)
    {
        if (scope.Arguments is null)
        {
            _faults.Add(node.At, scope.Path, $"{node.Kind} stands for an argument, and only a block has arguments");
        }

        var value = scope.Arguments?.GetValueOrDefault(name) ?? new YamlRefused(node.At);
        CountWithin(value);
        return value;
    }

    private void CountWithin(YamlNode node)
    {
        Count(node);
        foreach (var inner in node.Children)
        {
            CountWithin(inner);
        }
    }

    private void Count(YamlNode node)
    {
        if (++_nodes > MaxNodes)
        {
            GiveUp(node, $"blocks and repeats come to more than {MaxNodes} values");
        }
    }

    /// <summary>Reports a model that is too large. What would be found further in it is noise.</summary>
    private void GiveUp(YamlNode node, string problem)
    {
        _faults.Add(node.At, "model.layers", problem);
        _faults.ThrowIfAny();
    }

    /// <summary>Where in the written-out model a node is, and what <c>$name</c> means there.</summary>
    /// <param name="Nesting">Containers around it.</param>
    /// <param name="Arguments">Null outside blocks.</param>
    /// <param name="Blocks">The blocks around it, the outermost first.</param>
    private sealed record Scope(string Path, int Nesting, IReadOnlyDictionary<string, YamlNode>? Arguments, IReadOnlyList<string> Blocks);
}
