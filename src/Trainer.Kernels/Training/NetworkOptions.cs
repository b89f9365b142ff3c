using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Training;

/// <summary>The largest local batches that a network is laid out for: what an assignment comes to.</summary>
/// <param name="MaxSamples">The most samples of one local batch.</param>
/// <param name="MaxRoots">The most subtree roots of one local batch: as many gradient buffers are held.</param>
/// <param name="Training">False plans for evaluation only: no gradients, no optimizer state.</param>
/// <param name="MaxGroups">The most batch norm groups of one local batch.</param>
public sealed record NetworkOptions(int MaxSamples, int MaxRoots = 1, bool Training = true, int MaxGroups = ShardTree.DefaultMaxShards)
{
    /// <summary>How batches that do not fit the device's memory are run; null: whole. See <see cref="NetworkFit"/>.</summary>
    public PartOptions? Parts { get; init; }

    /// <summary>
    /// Layers, by their places in <see cref="Planning.ModelSummary.Layers"/>, whose outputs stay as they are behind a pass (<see cref="Network.OutputOf"/>). Of networks for evaluation only;
    /// what they come to is the same, bit for bit.
    /// </summary>
    public IReadOnlySet<int> Kept { get; init; } = new HashSet<int>();

    /// <summary>Samples that pass through the network together, at most.</summary>
    internal int PassSamples => Parts?.Samples ?? MaxSamples;

    internal int GradientBuffers => MaxRoots + (Parts?.SpareBuffers ?? 0);
}

/// <param name="Shards">Of a part, at most.</param>
/// <param name="Samples">Of a part, at most.</param>
/// <param name="SpareBuffers">Gradient buffers that hold sums of parts which wait for others.</param>
public sealed record PartOptions(int Shards, int Samples, int SpareBuffers);
