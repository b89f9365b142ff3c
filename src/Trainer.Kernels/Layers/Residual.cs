using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>y = layers(x) + shortcut(x): He, Zhang, Ren, Sun, "Deep residual learning for image recognition", 2016 (arXiv:1512.03385), eq. 1 and 2.</summary>
/// <remarks>Children are numbered through, the shortcut's behind the others. Backward gives both sides dy.</remarks>
[Kind("residual")]
public sealed class Residual(params IEnumerable<Module> layers) : Module
{
    public IReadOnlyList<Module> Layers { get; } = [.. layers];

    /// <summary>Empty: x itself.</summary>
    public IReadOnlyList<Module> Shortcut { get; init; } = [];

    internal override Value AddTo(Graph graph, Value input)
    {
        if (Layers.Count == 0)
        {
            throw graph.Refuse("layers", "there are none");
        }

        var sum = graph.AddChildren("layers", 0, Layers, input);
        return graph.AddSum(sum, graph.AddChildren("shortcut", Layers.Count, Shortcut, input));
    }
}
