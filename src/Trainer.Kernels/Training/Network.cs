using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Training;

/// <param name="MaxSamples">The most samples of one local batch.</param>
/// <param name="MaxRoots">The most subtree roots of one local batch: as many gradient buffers are held.</param>
/// <param name="Training">False plans for evaluation only: no gradients, no optimizer state.</param>
public sealed record NetworkOptions(int MaxSamples, int MaxRoots = 1, bool Training = true);

/// <summary>
/// A model laid out on a device: weights, activations, gradients and optimizer state in memory planned once. A step is
/// <see cref="ForwardBackward"/>, then the sum over all workers into <see cref="Total"/>, then <see cref="Apply"/>;
/// none of them allocates on the managed heap.
/// </summary>
public sealed class Network : IDisposable
{
    public Network(Model model, Device device, IOptimizer optimizer, NetworkOptions options) => throw new NotImplementedException();

    public Model Model => throw new NotImplementedException();

    public ParameterLayout Layout => throw new NotImplementedException();

    /// <summary>Host memory for the local batch's images, (MaxSamples, C, H, W); filled by the caller before a step.</summary>
    public Span<float> Input => throw new NotImplementedException();

    /// <summary>Host memory for the local batch's class indices, (MaxSamples).</summary>
    public Span<int> Labels => throw new NotImplementedException();

    /// <summary>After a pass: the loss of each local sample.</summary>
    public ReadOnlySpan<float> SampleLoss => throw new NotImplementedException();

    /// <summary>After a pass: 1 where the largest logit (the first among equals) is the label's, else 0.</summary>
    public ReadOnlySpan<byte> SampleCorrect => throw new NotImplementedException();

    /// <summary>Host view of the flat weights. Valid between steps.</summary>
    public Span<float> Weights => throw new NotImplementedException();

    /// <summary>Host view of the optimizer's flat state (momentum buffers); empty when it has none.</summary>
    public Span<float> OptimizerState => throw new NotImplementedException();

    /// <summary>Host memory for the batch's finished gradient: all roots folded, divided by B. Written by the all-reduce.</summary>
    public Span<float> Total => throw new NotImplementedException();

    /// <summary>Weights from the model's initialisers, Philox keyed by (seed; layer, element): the same everywhere.</summary>
    public void Initialize(ulong seed) => throw new NotImplementedException();

    /// <summary>
    /// Forward, mean cross entropy, backward. Gradients are sums over samples, not yet divided by B; they are
    /// complete on the host, bucket by bucket, when <paramref name="bucketReady"/> is told the bucket's index
    /// (on the calling thread), and all are when the method returns.
    /// </summary>
    public void ForwardBackward(BatchSlice slice, ulong step, Action<int>? bucketReady = null) => throw new NotImplementedException();

    /// <summary>Forward and loss in evaluation mode, of the first <paramref name="samples"/> inputs.</summary>
    public void Evaluate(int samples) => throw new NotImplementedException();

    /// <summary>Host view of the flat gradient of local root <paramref name="root"/> (index into the slice's roots).</summary>
    public ReadOnlySpan<float> Gradient(int root) => throw new NotImplementedException();

    /// <summary>One optimizer pass over <see cref="Total"/>; returns a 64-bit hash of the new weights, equal on every member.</summary>
    public ulong Apply() => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
