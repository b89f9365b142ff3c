using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Training.Planning;

/// <summary>One layer that runs, or a sum or product of what layers wrote (<see cref="Sum"/>, <see cref="Product"/>), and what it works on. Planners fill it in.</summary>
internal sealed class Operation(Layer layer, LayerNode? node, int index)
{
    public Layer Layer { get; } = layer;

    /// <summary>Null for sums and products.</summary>
    public LayerNode? Node { get; } = node;

    /// <summary>Number of the node in the graph.</summary>
    public int Index { get; } = index;

    /// <summary>Null for sums of gradients.</summary>
    public Variable? X { get; init; }

    /// <summary>What x is multiplied by (<see cref="Product"/>).</summary>
    public Variable? Factor { get; init; }

    public Variable? Y { get; set; }

    /// <summary>The following activation layer, when this one applies it.</summary>
    public Activation Activation { get; set; }

    /// <summary>The other side of the following sum, when this one adds it.</summary>
    public Variable? Addend { get; set; }

    public Place? Saved { get; set; }

    /// <summary>Null: nothing to be trained here or before.</summary>
    public Place? Dy { get; set; }

    /// <summary>Null: nothing to be trained before.</summary>
    public Place? Dx { get; set; }

    /// <summary>The activation whose derivative backward multiplies into dx, and its output.</summary>
    public (Activation Activation, Variable? Output) Previous { get; set; }

    /// <summary>What other readers of x contribute to its gradient.</summary>
    public Place? DxAddend { get; set; }
}
