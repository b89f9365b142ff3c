using Trainer.Kernels.Randomness;

namespace Trainer.Kernels.Data;

/// <summary>The order in which an epoch visits the samples: a function of (seed, epoch), the same on every machine.</summary>
public static class EpochOrder
{
    /// <summary>
    /// Fills <paramref name="order"/> with a permutation of 0..n-1; the identity when <paramref name="shuffle"/> is false. Epochs count from 1.
    /// </summary>
    /// <remarks>Fisher and Yates's shuffle, from the last place down, every permutation equally likely.</remarks>
    public static void Fill(Span<int> order, ulong seed, int epoch, bool shuffle)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(epoch, 1);
        if (shuffle)
        {
            Shuffle(order, seed, (uint)epoch, RandomPurpose.EpochOrder);
        }
        else
        {
            Count(order);
        }
    }

    internal static void Shuffle(Span<int> order, ulong seed, uint stream, RandomPurpose purpose)
    {
        Count(order);
        var random = new PhiloxSequence(seed, stream, purpose);
        for (var i = order.Length - 1; i > 0; i--)
        {
            var j = (int)random.Below((uint)i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
    }

    private static void Count(Span<int> order)
    {
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }
    }
}
