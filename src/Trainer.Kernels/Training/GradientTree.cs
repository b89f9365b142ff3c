using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Training;

/// <summary>Folds the subtree roots of all workers into a batch's gradient (canonical arithmetic, rules 4 and 8).</summary>
public static class GradientTree
{
    /// <summary>
    /// total = (tree sum of <paramref name="roots"/>) / samples, element by element. The roots are the cover of all shards,
    /// ascending; an empty root (no samples) is absent, not +0. False when an element of the total is not finite.
    /// </summary>
    /// <param name="roots">One buffer of the same length per range.</param>
    /// <param name="ranges">Ascending, disjoint nodes that together cover [0, shards).</param>
    /// <param name="shards">Shards of the global batch.</param>
    /// <param name="samples">Samples of the global batch, B.</param>
    /// <param name="total">Receives the result; may be one of the roots.</param>
    public static bool Fold(
        ReadOnlySpan<Memory<float>> roots, ReadOnlySpan<ShardRange> ranges, int shards, int samples, Span<float> total) =>
        throw new NotImplementedException();
}
