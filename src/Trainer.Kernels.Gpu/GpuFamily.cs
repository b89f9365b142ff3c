using ILGPU;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;
using Trainer.Kernels.Gpu.Reduction;

namespace Trainer.Kernels.Gpu;

/// <summary>A family of operations on a GPU: each checks its operands, then launches kernels.</summary>
internal abstract class GpuFamily(GpuQueue queue)
{
    protected GpuQueue Queue => queue;

    protected GpuScratch Scratch => queue.Scratch;

    protected GpuReductions Reductions => queue.Reductions;

    /// <summary>Launches a kernel with one thread for each of <paramref name="threads"/>, in whole groups; the kernel drops what is beyond.</summary>
    protected void LaunchThreads<TArguments>(Kernel<TArguments> kernel, long threads, in TArguments arguments)
        where TArguments : struct => Launch(kernel, (threads + ThreadGroup.Size - 1) / ThreadGroup.Size, ThreadGroup.Size, arguments);

    protected void Launch<TArguments>(Kernel<TArguments> kernel, long groups, int groupSize, in TArguments arguments)
        where TArguments : struct => queue.Launch(kernel, groups, groupSize, arguments);

    /// <summary>Adds the sums of pieces, (pieces, elements), into each root's tensor. Roots without samples are left alone.</summary>
    protected void Fold(GpuReduction reduction, ArrayView<float> slots, string operation, string operand, ReadOnlySpan<Tensor> sums, Extent extent)
    {
        foreach (var root in reduction.Roots)
        {
            Fold(reduction, root, 0, slots, extent.Elements, GpuOperand.View(operation, operand, sums[root.Root], extent));
        }
    }

    /// <summary>Adds the sums of one root's pieces.</summary>
    /// <param name="firstSlot">The piece whose sum is in slot 0.</param>
    protected void Fold(GpuReduction reduction, RootPieces root, int firstSlot, ArrayView<float> slots, long elements, ArrayView<float> sum) =>
        LaunchThreads(TreeFoldKernels.Fold, elements, new TreeFold(elements, root, firstSlot, reduction.Pieces, reduction.Lefts, slots, sum));
}
