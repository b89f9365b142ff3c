namespace Trainer.Kernels.Data;

/// <summary>The order in which an epoch visits the samples: a function of (seed, epoch), the same on every machine.</summary>
public static class EpochOrder
{
    /// <summary>Fills <paramref name="order"/> with a permutation of 0..n-1; the identity when <paramref name="shuffle"/> is false. Epochs count from 1.</summary>
    public static void Fill(Span<int> order, ulong seed, int epoch, bool shuffle) => throw new NotImplementedException();
}
