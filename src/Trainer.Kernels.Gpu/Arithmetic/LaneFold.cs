using ILGPU;
using Trainer.Kernels.Gpu.Launching;

namespace Trainer.Kernels.Gpu.Arithmetic;

/// <summary>The end of a sum in Form L whose 16 virtual lanes are 16 neighbouring threads of a group of 256.</summary>
internal static class LaneFold
{
    /// <summary>Lane i takes in lane i + 8, then 4, 2, 1. To be called by all threads of the group; lane 0 receives its sum, the others nothing of use.</summary>
    public static float Sum(float part)
    {
        var parts = SharedMemory.Allocate<float>(ThreadGroup.Size);
        var thread = Group.IdxX;
        var lane = thread % 16;
        Exact.Barrier(); // what an earlier sum left there has been read
        parts[thread] = part;
        for (var half = 8; half > 0; half /= 2)
        {
            Exact.Barrier();
            if (lane < half)
            {
                parts[thread] = Exact.Add(parts[thread], parts[thread + half]);
            }
        }

        return parts[thread];
    }

    /// <summary>As <see cref="Sum(float)"/>, in double.</summary>
    public static double Sum(double part)
    {
        var parts = SharedMemory.Allocate<double>(ThreadGroup.Size);
        var thread = Group.IdxX;
        Exact.Barrier(); // what an earlier sum left there has been read
        parts[thread] = part;
        for (var half = 8; half > 0; half /= 2)
        {
            Exact.Barrier();
            if (thread % 16 < half)
            {
                parts[thread] = Exact.AddWide(parts[thread], parts[thread + half]);
            }
        }

        return parts[thread];
    }

    /// <summary>
    /// As <see cref="Sum(float)"/> for up to 16 sums whose lanes are any threads of the group, each of which receives its sum. To be called by all threads, each with
    /// another lane or sum.
    /// </summary>
    public static float SumOf(int sum, int lane, float part)
    {
        var parts = SharedMemory.Allocate<float>(ThreadGroup.Size);
        var thread = Group.IdxX;
        Exact.Barrier(); // what an earlier sum left there has been read
        parts[(sum * 16) + lane] = part;
        for (var half = 8; half > 0; half /= 2)
        {
            Exact.Barrier();
            if (thread % 16 < half)
            {
                parts[thread] = Exact.Add(parts[thread], parts[thread + half]);
            }
        }

        Exact.Barrier();
        return parts[sum * 16];
    }
}
