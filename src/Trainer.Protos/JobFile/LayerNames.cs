namespace Trainer.Protos;

/// <summary>Children of one container have different names.</summary>
internal static class LayerNames
{
    public static IEnumerable<FieldViolation> Check(IReadOnlyList<Layer> layers, string path) => CheckChildren(Listed(layers, path));

    private static IEnumerable<FieldViolation> CheckChildren(IEnumerable<(Layer Layer, string Path)> children)
    {
        var named = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((Layer layer, string path) in children)
        {
            if (layer.HasName && !named.TryAdd(layer.Name, path))
                yield return new($"{path}.name", $"'{layer.Name}' is the name of {named[layer.Name]} already");
            foreach (FieldViolation violation in CheckChildren(Children(layer, path)))
                yield return violation;
        }
    }

    /// <summary>All lists of a container share its names.</summary>
    private static IEnumerable<(Layer Layer, string Path)> Children(Layer layer, string path) => layer.KindCase switch
    {
        Layer.KindOneofCase.Sequential => Listed(layer.Sequential.Layers, $"{path}.sequential.layers"),
        Layer.KindOneofCase.Residual =>
            [.. Listed(layer.Residual.Layers, $"{path}.residual.layers"), .. Listed(layer.Residual.Shortcut, $"{path}.residual.shortcut")],
        Layer.KindOneofCase.Concat =>
            layer.Concat.Branches.SelectMany((branch, i) => Listed(branch.Layers, $"{path}.concat.branches[{i}].layers")),
        _ => [],
    };

    private static IEnumerable<(Layer Layer, string Path)> Listed(IReadOnlyList<Layer> layers, string path) =>
        layers.Select((layer, i) => (layer, $"{path}[{i}]"));
}
