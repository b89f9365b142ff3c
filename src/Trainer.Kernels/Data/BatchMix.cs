namespace Trainer.Kernels.Data;

/// <summary>
/// Mixes each sample of a step's batch with the next one of its shard, the last with the first, and their labels likewise: a function of (seed, step), whoever computes the shard. A shard of one
/// sample stays as it is, but for rounding.
/// </summary>
public abstract record BatchMix
{
    /// <summary>How the batch of a step is mixed.</summary>
    /// <param name="step">From 1.</param>
    /// <param name="image">(C, H, W)</param>
    public abstract Mixture Of(ulong seed, ulong step, Shape image);
}
