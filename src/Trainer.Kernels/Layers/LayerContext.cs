using Trainer.Kernels.Devices;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Layers;

/// <summary>Where the numbers lie that a layer trains or keeps: the tensors themselves, and per subtree root what a step contributes to them.</summary>
/// <param name="tensors">In each of the states that are read and written in turn.</param>
/// <param name="perRoot">Contributions to each tensor.</param>
public sealed class LayerState(IReadOnlyList<Tensor[]> tensors, IReadOnlyList<Tensor[]> perRoot)
{
    public static LayerState None { get; } = new([[], []], []);

    /// <summary>Number <paramref name="index"/> of a state; empty when the layer has no such tensor (no bias).</summary>
    public Tensor this[int state, int index] => index < tensors[state].Length ? tensors[state][index] : default;

    /// <summary>Its contributions, one tensor per root; no tensors when the layer has no such tensor, or nobody wants them.</summary>
    /// <param name="first">The gradient buffer of the first root.</param>
    public ReadOnlySpan<Tensor> PerRoot(int index, int first, int roots) => index < perRoot.Count ? perRoot[index].AsSpan(first, roots) : [];
}

/// <summary>
/// One layer's place in a network on a device: its tensors, planned once, and which samples they hold in this pass.
/// Activations and their gradients are (samples, per-sample shape).
/// </summary>
public sealed class LayerContext(Device device, Shape input, Shape output)
{
    private readonly Tensor _saved;
    private bool _training;
    private int _state;
    private int _firstBuffer;
    private GroupParts? _moments;
    private GroupParts? _gradientSums;

    public Device Device { get; } = device;

    /// <summary>The device's products, in the network's precision.</summary>
    public IProducts Products { get; init; } = device.Products;

    /// <summary>Per-sample shape of x.</summary>
    public Shape Input { get; } = input;

    /// <summary>Per-sample shape of y.</summary>
    public Shape Output { get; } = output;

    /// <summary>Which layer of the network this is: keys what it draws.</summary>
    public uint Index { get; init; }

    public LayerState Parameters { get; init; } = LayerState.None;

    public LayerState Statistics { get; init; } = LayerState.None;

    public required Tensor X { get; init; }

    /// <summary>What x is multiplied by, where a layer multiplies two values.</summary>
    public Tensor Factor { get; init; }

    public required Tensor Y { get; init; }

    /// <summary>What the layer keeps from forward to backward (<see cref="Layer.Saved"/>); empty in an evaluation.</summary>
    public Tensor Saved
    {
        get => _training ? _saved : default;
        init => _saved = value;
    }

    /// <summary>Empty when the network is not for training.</summary>
    public Tensor Dy { get; init; }

    /// <summary>Empty when nothing before this layer is to be trained.</summary>
    public Tensor Dx { get; init; }

    /// <summary>What Forward does to y on its way to memory: the activation layer that follows, the other side of a sum.</summary>
    public OutputEpilogue Epilogue { get; init; }

    /// <summary>What Backward does to dx on its way to memory: the derivative of the activation that made x, what other readers of x contribute.</summary>
    public GradientEpilogue DxEpilogue { get; init; }

    /// <summary>Whether running statistics stay as they are in training, and are what is normalised with.</summary>
    public bool FreezesStatistics { get; init; }

    /// <summary>Samples of this pass.</summary>
    public int Samples { get; private set; }

    /// <summary>Which samples of the global batch they are; null in an evaluation.</summary>
    public BatchSlice? Slice { get; private set; }

    /// <summary>The training step: with the seed and the samples' positions it keys what a layer draws.</summary>
    public ulong Step { get; private set; }

    /// <summary>Of the job.</summary>
    public ulong Seed { get; private set; }

    /// <summary>Brings what members share of batch norm groups; null: every group is whole here.</summary>
    internal IBatchExchange? Exchange { get; set; }

    /// <summary>What a batch norm exchanges forward; null: nothing.</summary>
    internal GroupParts? Moments => Exchange is null ? null : Exchanging(_moments ??= new GroupParts(Index, isBackward: false));

    /// <summary>What a batch norm exchanges backward; null: nothing.</summary>
    internal GroupParts? GradientSums => Exchange is null ? null : Exchanging(_gradientSums ??= new GroupParts(Index, isBackward: true));

    /// <summary>The slice of a training pass.</summary>
    internal BatchSlice Training => Slice ?? throw new InvalidOperationException("There is no batch slice in an evaluation.");

    public Tensor Parameter(int index) => Parameters[_state, index];

    public Tensor Statistic(int index) => Statistics[_state, index];

    /// <summary>Gradients of parameter number <paramref name="index"/>, one tensor per subtree root of the slice; none when the layer has no such parameter.</summary>
    public ReadOnlySpan<Tensor> Gradients(int index) => Parameters.PerRoot(index, _firstBuffer, Training.Roots.Count);

    /// <summary>What this step contributes to statistic number <paramref name="index"/>, per root.</summary>
    public ReadOnlySpan<Tensor> StatisticSums(int index) => Statistics.PerRoot(index, _firstBuffer, Training.Roots.Count);

    /// <param name="state">Which of the states is read.</param>
    internal void Evaluate(int state, int samples) => (_training, _state, Samples, Slice) = (false, state, samples, null);

    /// <param name="state">Which of the states is read.</param>
    /// <param name="slice">What passes through the network.</param>
    /// <param name="firstBuffer">The gradient buffer of its first root.</param>
    internal void Train(int state, BatchSlice slice, int firstBuffer, ulong seed, ulong step)
    {
        (_training, _state, Samples, Slice, _firstBuffer) = (true, state, slice.LocalSamples, slice, firstBuffer);
        (Seed, Step) = (seed, step);
    }

    private GroupParts Exchanging(GroupParts parts)
    {
        parts.Exchange = Exchange;
        return parts;
    }
}
