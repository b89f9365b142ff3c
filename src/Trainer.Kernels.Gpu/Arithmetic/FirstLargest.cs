using ILGPU;
using Trainer.Kernels.Gpu.Launching;

namespace Trainer.Kernels.Gpu.Arithmetic;

/// <summary>
/// The first of the largest elements, as a loop finds it that begins with the first and goes on to those that are larger: a NaN stays where it is the first,
/// else it is passed over. Threads each look at some elements, beginning with the first of all.
/// </summary>
internal readonly record struct FirstLargest(float Value, int Index)
{
    /// <summary>For elements with ascending indices.</summary>
    public FirstLargest Or(float value, int index) => value > Value ? new FirstLargest(value, index) : this;

    /// <summary>What <paramref name="lanes"/> neighbouring threads, a power of two, have found together. To be called by all threads of the group.</summary>
    public int OfLanes(int lanes)
    {
        var values = SharedMemory.Allocate<float>(ThreadGroup.Size);
        var indices = SharedMemory.Allocate<int>(ThreadGroup.Size);
        var thread = Group.IdxX;
        var lane = thread & (lanes - 1);
        Exact.Barrier(); // what an earlier call left there has been read
        values[thread] = Value;
        indices[thread] = Index;
        for (var half = lanes / 2; half > 0; half /= 2)
        {
            Exact.Barrier();
            if (lane < half)
            {
                var (value, other) = (values[thread], values[thread + half]);
                if (other > value || (other == value && indices[thread + half] < indices[thread]))
                {
                    values[thread] = other;
                    indices[thread] = indices[thread + half];
                }
            }
        }

        Exact.Barrier();
        return indices[thread - lane];
    }
}
