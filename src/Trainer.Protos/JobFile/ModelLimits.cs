namespace Trainer.Protos;

/// <summary>How large a model may be: far more than the largest network needs, and little enough that no job file or request costs the cluster much.</summary>
internal static class ModelLimits
{
    /// <summary>Containers within containers. Protobuf's readers follow 100 messages, and a container takes up to three.</summary>
    public const int Nesting = 30;

    /// <summary>Layers and containers in all.</summary>
    public const int Layers = 10_000;

    public static string TooDeep { get; } = $"layers are nested in more than {Nesting} containers";

    /// <summary>At most one violation: what a model beyond the limits would say further is noise.</summary>
    public static IEnumerable<FieldViolation> Check(Model? model)
    {
        var layers = 0;
        var level = LayerNames.Listed(model?.Layers ?? [], "model.layers").ToList();
        for (var depth = 0; level.Count > 0; depth++)
        {
            if (depth > Nesting)
            {
                return [new(level[0].Path, TooDeep)];
            }

            layers += level.Count;
            if (layers > Layers)
            {
                return [new("model.layers", $"a model has at most {Layers} layers, got more")];
            }

            level = [.. level.SelectMany(item => LayerNames.Children(item.Layer, item.Path)).Take(Layers + 1)];
        }

        return [];
    }
}
