using System.Runtime.CompilerServices;

namespace Trainer.Kernels.Devices.Cpu.Simd;

/// <summary>Sums over vectors of any length.</summary>
internal static unsafe class Vectors<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>The virtual lanes of Form L.</summary>
    public const int VirtualLanes = 16;

    /// <summary>target[i] += addend[i]</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddTo(float* target, float* addend, int count)
    {
        var i = 0;
        for (; i + TSimd.Lanes <= count; i += TSimd.Lanes)
        {
            TSimd.Store(target + i, TSimd.Add(TSimd.Load(target + i), TSimd.Load(addend + i)));
        }

        if (i < count)
        {
            var sum = TSimd.Add(TSimd.LoadFirst(target + i, count - i), TSimd.LoadFirst(addend + i, count - i));
            TSimd.StoreFirst(target + i, sum, count - i);
        }
    }

    /// <summary>Form L: element k is added, from +0 and ascending, to virtual lane k mod 16; the lanes are folded 8, 4, 2, 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Sum(float* values, int count)
    {
        var lanes = stackalloc float[VirtualLanes];
        for (var lane = 0; lane < VirtualLanes; lane += TSimd.Lanes)
        {
            var sum = TSimd.Broadcast(0);
            var i = lane;
            for (; i + TSimd.Lanes <= count; i += VirtualLanes)
            {
                sum = TSimd.Add(sum, TSimd.Load(values + i));
            }

            if (i < count)
            {
                sum = TSimd.Add(sum, TSimd.LoadFirst(values + i, count - i));
            }

            TSimd.Store(lanes + lane, sum);
        }

        for (var half = VirtualLanes / 2; half > 0; half /= 2)
        {
            for (var i = 0; i < half; i++)
            {
                lanes[i] += lanes[i + half];
            }
        }

        return lanes[0];
    }
}
