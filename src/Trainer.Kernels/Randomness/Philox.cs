using System.Runtime.InteropServices;
using Trainer.Kernels.Arithmetic;

namespace Trainer.Kernels.Randomness;

/// <summary>What random numbers are drawn for: the last word of every counter, so that no two uses share numbers.</summary>
public enum RandomPurpose : uint
{
    InitialWeights = 1,
    EpochOrder = 2,
    Dropout = 3,
    ValidationSplit = 4,
    Transform = 5,
    Mixing = 6,
    Sampling = 7,
}

/// <summary>
/// Philox 4x32-10, a counter-based generator: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3",
/// SC 2011, section 3.3. Four words are a pure function of a 64-bit key and a 128-bit counter, so there is no state to
/// save and every machine draws the same.
/// </summary>
public static class Philox
{
    private const int Rounds = 10;
    private const ulong Multiplier0 = 0xD2511F53;
    private const ulong Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9;
    private const uint Weyl1 = 0xBB67AE85;

    public static PhiloxBlock Block(ulong key, uint c0, uint c1, uint c2, uint c3)
    {
        var (k0, k1) = ((uint)key, (uint)(key >> 32));
        for (var round = 0; round < Rounds; round++)
        {
            var (product0, product1) = (Multiplier0 * c0, Multiplier1 * c2);
            (c0, c1, c2, c3) = ((uint)(product1 >> 32) ^ c1 ^ k0, (uint)product1, (uint)(product0 >> 32) ^ c3 ^ k1, (uint)product0);
            (k0, k1) = (k0 + Weyl0, k1 + Weyl1);
        }

        return new PhiloxBlock(c0, c1, c2, c3);
    }

    /// <summary>
    /// values[i] = bound x (2 u - 1) with u of 24 bits in [0, 1), word i mod 4 of the block at counter
    /// (i / 4, 0, <paramref name="stream"/>, purpose). 2 u - 1 is exact, so each value is rounded once.
    /// </summary>
    public static void FillUniform(Span<float> values, float bound, ulong seed, uint stream, RandomPurpose purpose)
    {
        for (var start = 0; start < values.Length; start += 4)
        {
            var words = Block(seed, (uint)start / 4, 0, stream, (uint)purpose);
            for (var i = start; i < Math.Min(start + 4, values.Length); i++)
            {
                values[i] = bound * (((words[i - start] >> 8) * 1f / 8388608) - 1);
            }
        }
    }

    /// <summary>
    /// Normal values by the polar method: Marsaglia and Bray, "A convenient method for generating normal variables", SIAM Review 6 (1964). Only +, x, /, square
    /// root and a logarithm of our own, so that every machine draws the same.
    /// </summary>
    public static void FillNormal(Span<float> values, float mean, float std, ulong seed, uint stream, RandomPurpose purpose)
    {
        var words = new PhiloxSequence(seed, stream, purpose);
        for (var i = 0; i < values.Length; i += 2)
        {
            float u, v, s;
            do
            {
                u = ((words.Next() >> 8) * 1f / 8388608) - 1;
                v = ((words.Next() >> 8) * 1f / 8388608) - 1;
                s = (u * u) + (v * v);
            }
            while (s >= 1 || s == 0);

            var factor = MathF.Sqrt(-2 * ScalarMath<HostMath>.Log(s) / s);
            values[i] = mean + (std * (u * factor));
            if (i + 1 < values.Length)
            {
                values[i + 1] = mean + (std * (v * factor));
            }
        }
    }
}

/// <summary>The four words that one counter gives.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct PhiloxBlock(uint Word0, uint Word1, uint Word2, uint Word3)
{
    public uint this[int index] => index switch { 0 => Word0, 1 => Word1, 2 => Word2, _ => Word3 };
}

/// <summary>The words of counters (0, 0, stream, purpose), (1, 0, stream, purpose), ... one after another.</summary>
public struct PhiloxSequence(ulong seed, uint stream, RandomPurpose purpose)
{
    private PhiloxBlock _block;
    private uint _drawn;

    public uint Next()
    {
        if (_drawn % 4 == 0)
        {
            _block = Philox.Block(seed, _drawn / 4, 0, stream, (uint)purpose);
        }

        return _block[(int)(_drawn++ % 4)];
    }

    /// <summary>
    /// An unbiased number in [0, <paramref name="end"/>): Lemire, "Fast random integer generation in an interval",
    /// ACM TOMACS 29 (2019), algorithm 5. Draws again with probability below end / 2^32.
    /// </summary>
    public uint Below(uint end)
    {
        var product = (ulong)Next() * end;
        if ((uint)product < end)
        {
            var threshold = (0 - end) % end;
            while ((uint)product < threshold)
            {
                product = (ulong)Next() * end;
            }
        }

        return (uint)(product >> 32);
    }
}
