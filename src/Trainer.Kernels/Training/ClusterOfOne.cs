using Trainer.Kernels.Devices;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Training;

/// <summary>
/// Trains alone: one root holds the whole batch, and its total is made as the owners of a cluster make theirs, bucket by bucket while the backward pass goes on.
/// </summary>
public sealed class ClusterOfOne
{
    private readonly Network _network;
    private readonly Memory<float> _gradient;
    private readonly Memory<float>[] _part = new Memory<float>[1];
    private readonly ShardRange[] _range = new ShardRange[1];
    private readonly Action<int> _bucketReady;
    private BatchSlice? _batch;
    private bool _isFinite;

    /// <param name="network">Planned for batches of one root.</param>
    public ClusterOfOne(Network network)
    {
        _network = network;
        _gradient = new NativeView(network.Gradient(0)).Memory;
        _bucketReady = Fold;
    }

    /// <summary><see cref="Network.ForwardBackward"/>, then all of <see cref="Network.Total"/>. False where it is not finite.</summary>
    /// <param name="whole">The batch, with all shards as its root.</param>
    public bool Run(BatchSlice whole, ulong step)
    {
        Begin(whole);
        _network.ForwardBackward(whole, step, _bucketReady);
        return _isFinite;
    }

    /// <summary><see cref="Network.Estimate"/>, likewise.</summary>
    public bool Estimate(BatchSlice whole, ulong step)
    {
        Begin(whole);
        _network.Estimate(whole, step, _bucketReady);
        return _isFinite;
    }

    private void Begin(BatchSlice whole) => (_batch, _range[0], _isFinite) = (whole, whole.Roots[0], true);

    private void Fold(int bucket)
    {
        var (offset, elements) = (_network.Layout.Buckets[bucket].Offset, _network.Layout.Buckets[bucket].Elements);
        _part[0] = _gradient.Slice(offset, elements);
        _isFinite &= GradientTree.Fold(
            _part, _range, _batch!.Shards, _batch.Samples, _network.Total.Slice(offset, elements), rounded: Math.Clamp(_network.RoundedElements - offset, 0, elements));
    }
}
