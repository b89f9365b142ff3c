using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>Modules one after another. Children are named by their index, as in torch.nn.Sequential; without any, y = x.</summary>
[Kind("sequential")]
public sealed class Sequential(params IEnumerable<Module> layers) : Module
{
    public IReadOnlyList<Module> Layers { get; } = [.. layers];

    internal override Value AddTo(Graph graph, Value input) => graph.AddChildren("layers", 0, Layers, input);
}
