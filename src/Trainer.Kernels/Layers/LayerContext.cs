using Trainer.Kernels.Devices;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Layers;

/// <summary>
/// One layer's place in a network on a device: its tensors, planned once, and which samples they hold in this pass.
/// Activations and their gradients are (samples, per-sample shape).
/// </summary>
public sealed class LayerContext(Device device, Shape input, Shape output, Tensor[] parameters, Tensor[][] gradients)
{
    public Device Device { get; } = device;

    /// <summary>Per-sample shape of x.</summary>
    public Shape Input { get; } = input;

    /// <summary>Per-sample shape of y.</summary>
    public Shape Output { get; } = output;

    public required Tensor X { get; init; }

    public required Tensor Y { get; init; }

    /// <summary>Empty when the network is not for training.</summary>
    public Tensor Dy { get; init; }

    /// <summary>Empty when nothing before this layer is to be trained.</summary>
    public Tensor Dx { get; init; }

    /// <summary>What Forward applies to y on its way to memory: the activation layer that follows.</summary>
    public OutputEpilogue Epilogue { get; init; }

    /// <summary>What Backward multiplies into dx on its way to memory: the derivative of the activation that made x.</summary>
    public GradientEpilogue DxEpilogue { get; init; }

    /// <summary>Samples of this pass.</summary>
    public int Samples { get; private set; }

    /// <summary>Which samples of the global batch they are. Only set for training passes.</summary>
    public BatchSlice Slice { get; private set; } = null!;

    /// <summary>The training step: with the seed and the samples' positions it keys what a layer draws.</summary>
    public ulong Step { get; private set; }

    /// <summary>Parameter number <paramref name="index"/> of the layer; empty when the layer has no such parameter (no bias).</summary>
    public Tensor Parameter(int index) => index < parameters.Length ? parameters[index] : default;

    /// <summary>Its gradients, one tensor per subtree root of the slice; no tensors when the layer has no such parameter.</summary>
    public ReadOnlySpan<Tensor> Gradients(int index) =>
        index < gradients.Length ? gradients[index].AsSpan(0, Slice.Roots.Count) : [];

    internal void Evaluate(int samples) => Samples = samples;

    internal void Train(BatchSlice slice, ulong step) => (Samples, Slice, Step) = (slice.LocalSamples, slice, step);
}
