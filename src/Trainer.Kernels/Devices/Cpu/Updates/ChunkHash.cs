using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Updates;

/// <summary>Chunks' hashes, by vectors.</summary>
internal static unsafe class ChunkHash<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>Steps the states over some values; all calls of a chunk but the last have a multiple of <see cref="WeightHash.Lanes"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* states, float* values, int count)
    {
        var whole = count - (count % WeightHash.Lanes);
        for (var lane = 0; lane < WeightHash.Lanes; lane += 4 * TSimd.Lanes)
        {
            var (state0, state1) = (TSimd.Load(states + lane), TSimd.Load(states + lane + TSimd.Lanes));
            var (state2, state3) = (TSimd.Load(states + lane + (2 * TSimd.Lanes)), TSimd.Load(states + lane + (3 * TSimd.Lanes)));
            for (var i = lane; i < whole; i += WeightHash.Lanes)
            {
                state0 = TSimd.HashStep(state0, TSimd.Load(values + i));
                state1 = TSimd.HashStep(state1, TSimd.Load(values + i + TSimd.Lanes));
                state2 = TSimd.HashStep(state2, TSimd.Load(values + i + (2 * TSimd.Lanes)));
                state3 = TSimd.HashStep(state3, TSimd.Load(values + i + (3 * TSimd.Lanes)));
            }

            TSimd.Store(states + lane, state0);
            TSimd.Store(states + lane + TSimd.Lanes, state1);
            TSimd.Store(states + lane + (2 * TSimd.Lanes), state2);
            TSimd.Store(states + lane + (3 * TSimd.Lanes), state3);
        }

        for (var lane = 0; lane < WeightHash.Lanes && whole < count; lane += TSimd.Lanes)
        {
            var left = Math.Clamp(count - whole - lane, 0, TSimd.Lanes);
            TSimd.Store(states + lane, TSimd.HashStep(TSimd.Load(states + lane), TSimd.LoadFirst(values + whole + lane, left)));
        }
    }

    /// <summary>
    /// As <see cref="Add"/>, of values that were read and of those that were made of them, in one loop: twice the steps that do not wait for one another. Those
    /// that were made move to their place past the caches.
    /// </summary>
    /// <param name="target">As aligned as a vector; <paramref name="count"/> is whole lanes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddAndStream(float* readStates, float* read, float* madeStates, float* made, float* target, int count)
    {
        for (var lane = 0; lane < WeightHash.Lanes; lane += 4 * TSimd.Lanes)
        {
            var (read0, read1) = (TSimd.Load(readStates + lane), TSimd.Load(readStates + lane + TSimd.Lanes));
            var (read2, read3) = (TSimd.Load(readStates + lane + (2 * TSimd.Lanes)), TSimd.Load(readStates + lane + (3 * TSimd.Lanes)));
            var (made0, made1) = (TSimd.Load(madeStates + lane), TSimd.Load(madeStates + lane + TSimd.Lanes));
            var (made2, made3) = (TSimd.Load(madeStates + lane + (2 * TSimd.Lanes)), TSimd.Load(madeStates + lane + (3 * TSimd.Lanes)));
            for (var i = lane; i < count; i += WeightHash.Lanes)
            {
                read0 = TSimd.HashStep(read0, TSimd.Load(read + i));
                read1 = TSimd.HashStep(read1, TSimd.Load(read + i + TSimd.Lanes));
                read2 = TSimd.HashStep(read2, TSimd.Load(read + i + (2 * TSimd.Lanes)));
                read3 = TSimd.HashStep(read3, TSimd.Load(read + i + (3 * TSimd.Lanes)));
                made0 = Move(made0, made + i, target + i);
                made1 = Move(made1, made + i + TSimd.Lanes, target + i + TSimd.Lanes);
                made2 = Move(made2, made + i + (2 * TSimd.Lanes), target + i + (2 * TSimd.Lanes));
                made3 = Move(made3, made + i + (3 * TSimd.Lanes), target + i + (3 * TSimd.Lanes));
            }

            TSimd.Store(readStates + lane, read0);
            TSimd.Store(readStates + lane + TSimd.Lanes, read1);
            TSimd.Store(readStates + lane + (2 * TSimd.Lanes), read2);
            TSimd.Store(readStates + lane + (3 * TSimd.Lanes), read3);
            TSimd.Store(madeStates + lane, made0);
            TSimd.Store(madeStates + lane + TSimd.Lanes, made1);
            TSimd.Store(madeStates + lane + (2 * TSimd.Lanes), made2);
            TSimd.Store(madeStates + lane + (3 * TSimd.Lanes), made3);
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Move(TVector state, float* source, float* target)
    {
        var value = TSimd.Load(source);
        TSimd.StorePast(target, value);
        return TSimd.HashStep(state, value);
    }
}
