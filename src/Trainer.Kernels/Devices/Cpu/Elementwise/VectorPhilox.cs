using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary><see cref="Randomness.Philox"/>'s blocks at neighbouring counters, one per lane.</summary>
internal static class VectorPhilox<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int Rounds = 10;

    /// <summary>
    /// The words of blocks (first + lane, c1, c2, c3) in their order: words 0 to 3 of the first lane's block, then of the next: 4 x Lanes words.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Words(
        ulong key, uint first, uint c1, uint c2, uint c3, out TVector words0, out TVector words1, out TVector words2, out TVector words3)
    {
        var v0 = TSimd.AddWords(TSimd.BroadcastWord(first), TSimd.WordIndices);
        var (v1, v2, v3) = (TSimd.BroadcastWord(c1), TSimd.BroadcastWord(c2), TSimd.BroadcastWord(c3));
        var (k0, k1) = ((uint)key, (uint)(key >> 32));
        var (multiplier0, multiplier1) = (TSimd.BroadcastWord(0xD2511F53), TSimd.BroadcastWord(0xCD9E8D57));
        for (var round = 0; round < Rounds; round++)
        {
            TSimd.MultiplyWords(v0, multiplier0, out var high0, out var low0);
            TSimd.MultiplyWords(v2, multiplier1, out var high1, out var low1);
            v0 = TSimd.Xor(TSimd.Xor(high1, v1), TSimd.BroadcastWord(k0));
            v2 = TSimd.Xor(TSimd.Xor(high0, v3), TSimd.BroadcastWord(k1));
            (v1, v3) = (low1, low0);
            (k0, k1) = (k0 + 0x9E3779B9, k1 + 0xBB67AE85);
        }

        TSimd.Interleave(v0, v2, out var even0, out var even1);
        TSimd.Interleave(v1, v3, out var odd0, out var odd1);
        TSimd.Interleave(even0, odd0, out words0, out words1);
        TSimd.Interleave(even1, odd1, out words2, out words3);
    }
}
