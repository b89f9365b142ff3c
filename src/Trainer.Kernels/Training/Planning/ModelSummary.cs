using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Training.Planning;

/// <summary>One layer of a model, or one sum, product or concatenation, as a table shows it; sizes are those of one image.</summary>
/// <param name="Name">As in parameter names: <c>2.0.conv1</c>; empty for what joins branches.</param>
/// <param name="Kind">As a job file names it; <c>sum</c>, <c>multiply</c> and <c>concat</c> for what joins branches.</param>
/// <param name="ActivationBytes">Of its output; 0 where it only looks at its input in another way.</param>
public sealed record LayerSummary(
    string Name, string Kind, Shape Output, long Parameters, long MultiplyAdds, long ActivationBytes, ReceptiveField ReceptiveField)
{
    /// <summary>Whose outputs it takes: places among the layers; -1: the image.</summary>
    public IReadOnlyList<int> Inputs { get; init; } = [];
}

/// <summary>What a model is made of and what it costs, from its shapes alone: no device is opened.</summary>
/// <param name="TrainingBytes">Memory for activations and their gradients of one image while training, shared over time.</param>
/// <param name="EvaluationBytes">Likewise without training.</param>
public sealed record ModelSummary(Shape Input, IReadOnlyList<LayerSummary> Layers, long TrainingBytes, long EvaluationBytes)
{
    public long Parameters => Layers.Sum(layer => layer.Parameters);

    /// <summary>Of one image forward; a training step takes about three times as many.</summary>
    public long MultiplyAdds => Layers.Sum(layer => layer.MultiplyAdds);

    public long ActivationBytes => Layers.Sum(layer => layer.ActivationBytes);

    public static ModelSummary Of(Model model)
    {
        var fields = new Dictionary<Value, ReceptiveField> { [model.Graph.Input] = ReceptiveField.Pixel };
        var places = new Dictionary<Value, int> { [model.Graph.Input] = -1 };
        var layers = new List<LayerSummary>();
        foreach (var node in model.Graph.Nodes)
        {
            fields[node.Output] = node is LayerNode layer
                ? fields[layer.Input].Behind(layer.Layer.Window(layer.Input.Shape))
                : node.Inputs.Select(input => fields[input]).Aggregate((a, b) => a.Or(b));
            places[node.Output] = layers.Count;
            layers.Add(Summarise(node, fields[node.Output]) with { Inputs = [.. node.Inputs.Select(input => places[input])] });
        }

        return new ModelSummary(model.Input, layers, ArenaBytes(model, training: true), ArenaBytes(model, training: false));
    }

    private static LayerSummary Summarise(Node node, ReceptiveField field) => node switch
    {
        LayerNode layer => new(
            layer.Name,
            layer.Layer.Kind,
            layer.Output.Shape,
            layer.Parameters.Sum(parameter => parameter.Shape.Elements),
            layer.Layer.MultiplyAdds(layer.Input.Shape),
            layer.Layer.IsView ? 0 : Bytes(layer.Output),
            field),
        _ => new("", node.Kind, node.Output.Shape, 0, 0, Bytes(node.Output), field),
    };

    private static long Bytes(Value value) => value.Shape.Elements * sizeof(float);

    /// <summary>What a network plans for one image, the image included; buffers whose times do not overlap share memory.</summary>
    private static long ArenaBytes(Model model, bool training)
    {
        var plan = new NetworkPlan(model, training);
        var shared = plan.Buffers.Where((_, i) => i != plan.Input.Buffer).Select(buffer => new Lifetime(buffer.PerSample, buffer.First, buffer.Last));
        return (ArenaPlanner.Plan([.. shared]).Elements + model.Input.Elements) * sizeof(float);
    }
}
