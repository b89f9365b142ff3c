using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Updates;

/// <summary>Chunks' hashes, by vectors.</summary>
internal static unsafe class ChunkHash<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>Steps the states over some weights; all calls of a chunk but the last have a multiple of 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* states, float* weights, int count)
    {
        for (var lane = 0; lane < WeightHash.Lanes; lane += TSimd.Lanes)
        {
            var state = TSimd.Load(states + lane);
            var i = lane;
            for (; i + TSimd.Lanes <= count; i += WeightHash.Lanes)
            {
                state = TSimd.HashStep(state, TSimd.Load(weights + i));
            }

            if (i - lane < count)
            {
                state = TSimd.HashStep(state, TSimd.LoadFirst(weights + i, Math.Max(0, count - i)));
            }

            TSimd.Store(states + lane, state);
        }
    }

    public static ulong OfChunk(float* states, int count)
    {
        var hash = (ulong)count;
        for (var lane = 0; lane < WeightHash.Lanes; lane++)
        {
            hash = WeightHash.Mix(hash, BitConverter.SingleToUInt32Bits(states[lane]));
        }

        return hash;
    }
}
