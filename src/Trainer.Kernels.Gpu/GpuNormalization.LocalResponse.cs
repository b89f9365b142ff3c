using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Gpu.Memory;
using Trainer.Kernels.Gpu.Normalization;

namespace Trainer.Kernels.Gpu;

/// <summary>Normalisation by neighbouring channels.</summary>
internal sealed partial class GpuNormalization
{
    public void LocalResponseForward(in LocalResponseGeometry g, int samples, Tensor x, Tensor saved, Tensor y)
    {
        const string Operation = nameof(LocalResponseForward);
        GeometryChecks.CheckChannels(Operation, g.C, g.Pixels, 1, samples);
        var extent = Extent.Of(samples, g.C, 1, g.Pixels);
        var arguments = new LocalResponseForward(
            default,
            g,
            GpuOperand.Samples(Operation, "x", x, extent),
            GpuOperand.ViewOrNone(Operation, "saved", saved, Extent.Of(samples, 2, g.C, g.Pixels)),
            GpuOperand.Samples(Operation, "y", y, extent));
        foreach (var cells in SampleCells.Of(samples, (long)g.C * g.Pixels))
        {
            LaunchThreads(LocalResponseKernels.Forward, cells.Count, arguments with { Cells = cells });
        }
    }

    public void LocalResponseBackward(in LocalResponseGeometry g, int samples, Tensor x, Tensor dy, Tensor saved, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(LocalResponseBackward);
        GeometryChecks.CheckChannels(Operation, g.C, g.Pixels, 1, samples);
        var extent = Extent.Of(samples, g.C, 1, g.Pixels);
        var arguments = new LocalResponseBackward(
            default,
            g,
            GpuOperand.Samples(Operation, "x", x, extent),
            GpuOperand.Samples(Operation, "dy", dy, extent),
            GpuOperand.View(Operation, "saved", saved, Extent.Of(samples, 2, g.C, g.Pixels)),
            GpuOperand.Steps(Operation, epilogue, extent),
            GpuOperand.Samples(Operation, "dx", dx, extent));
        foreach (var cells in SampleCells.Of(samples, (long)g.C * g.Pixels))
        {
            LaunchThreads(LocalResponseKernels.Terms, cells.Count, arguments with { Cells = cells });
            LaunchThreads(LocalResponseKernels.Backward, cells.Count, arguments with { Cells = cells });
        }
    }
}
