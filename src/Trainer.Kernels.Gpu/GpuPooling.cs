using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;
using Trainer.Kernels.Gpu.Pooling;

namespace Trainer.Kernels.Gpu;

/// <summary>Pooling.</summary>
internal sealed class GpuPooling(GpuQueue queue) : GpuFamily(queue), IPooling
{
    public void MaxPool2dForward(in Pool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y, Tensor chosen)
    {
        const string Operation = nameof(MaxPool2dForward);
        GeometryChecks.Check(Operation, g, samples, true);
        var pooled = Extent.Of(samples, g.C, g.P, g.Q);
        var arguments = new MaxPoolForward(
            default,
            new PoolWindows(g, false),
            GpuOperand.Samples(Operation, "x", x, Extent.Of(samples, g.C, g.H, g.W)),
            GpuOperand.Steps(Operation, epilogue, pooled),
            GpuOperand.Samples(Operation, "y", y, pooled),
            ChosenTaps.Of(g, GpuOperand.ViewOrNone(Operation, "chosen", chosen, Extent.Of(samples, g.ChosenElements))));
        foreach (var cells in SampleCells.Of(samples, (long)g.C * g.P * g.Q))
        {
            LaunchThreads(PoolKernels.MaxForward, cells.Count, arguments with { Cells = cells });
        }
    }

    public void MaxPool2dBackward(in Pool2dGeometry g, int samples, Tensor dy, Tensor chosen, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(MaxPool2dBackward);
        GeometryChecks.Check(Operation, g, samples, true);
        var image = Extent.Of(samples, g.C, g.H, g.W);
        var arguments = new MaxPoolBackward(
            default,
            new PoolWindows(g, false),
            GpuOperand.Samples(Operation, "dy", dy, Extent.Of(samples, g.C, g.P, g.Q)),
            ChosenTaps.Of(g, GpuOperand.View(Operation, "chosen", chosen, Extent.Of(samples, g.ChosenElements))),
            GpuOperand.Steps(Operation, epilogue, image),
            GpuOperand.Samples(Operation, "dx", dx, image));
        foreach (var cells in SampleCells.Of(samples, (long)g.C * g.H * g.W))
        {
            LaunchThreads(PoolKernels.MaxBackward, cells.Count, arguments with { Cells = cells });
        }
    }

    public void AvgPool2dForward(in Pool2dGeometry g, bool countIncludePad, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y)
    {
        const string Operation = nameof(AvgPool2dForward);
        GeometryChecks.Check(Operation, g, samples, false);
        var pooled = Extent.Of(samples, g.C, g.P, g.Q);
        var arguments = new AvgPoolForward(
            default,
            new PoolWindows(g, countIncludePad),
            GpuOperand.Samples(Operation, "x", x, Extent.Of(samples, g.C, g.H, g.W)),
            GpuOperand.Steps(Operation, epilogue, pooled),
            GpuOperand.Samples(Operation, "y", y, pooled));
        foreach (var cells in SampleCells.Of(samples, (long)g.C * g.P * g.Q))
        {
            LaunchThreads(PoolKernels.AvgForward, cells.Count, arguments with { Cells = cells });
        }
    }

    public void AvgPool2dBackward(in Pool2dGeometry g, bool countIncludePad, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(AvgPool2dBackward);
        GeometryChecks.Check(Operation, g, samples, false);
        var image = Extent.Of(samples, g.C, g.H, g.W);
        var arguments = new AvgPoolBackward(
            default,
            new PoolWindows(g, countIncludePad),
            GpuOperand.Samples(Operation, "dy", dy, Extent.Of(samples, g.C, g.P, g.Q)),
            GpuOperand.Steps(Operation, epilogue, image),
            GpuOperand.Samples(Operation, "dx", dx, image));
        foreach (var cells in SampleCells.Of(samples, (long)g.C * g.H * g.W))
        {
            LaunchThreads(PoolKernels.AvgBackward, cells.Count, arguments with { Cells = cells });
        }
    }

    public void AdaptiveAvgPool2dForward(in AdaptivePool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y) =>
        AdaptiveForward(
            nameof(AdaptiveAvgPool2dForward), AdaptivePoolKernels.AvgForward, AdaptivePoolKernels.Lanes, g, samples, x, epilogue, y, default);

    public void AdaptiveAvgPool2dBackward(in AdaptivePool2dGeometry g, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        AdaptiveBackward(nameof(AdaptiveAvgPool2dBackward), AdaptivePoolKernels.AvgBackward, false, g, samples, dy, default, epilogue, dx);

    public void AdaptiveMaxPool2dForward(in AdaptivePool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y, Tensor chosen) =>
        AdaptiveForward(nameof(AdaptiveMaxPool2dForward), AdaptivePoolKernels.MaxForward, 1, g, samples, x, epilogue, y, chosen);

    public void AdaptiveMaxPool2dBackward(
        in AdaptivePool2dGeometry g, int samples, Tensor dy, Tensor chosen, in GradientEpilogue epilogue, Tensor dx) =>
        AdaptiveBackward(nameof(AdaptiveMaxPool2dBackward), AdaptivePoolKernels.MaxBackward, true, g, samples, dy, chosen, epilogue, dx);

    /// <param name="threads">That share an output.</param>
    private void AdaptiveForward(
        string operation, Kernel<AdaptiveForward> kernel, int threads, in AdaptivePool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue,
        Tensor y, Tensor chosen)
    {
        GeometryChecks.Check(operation, g, samples);
        var (pooled, outputs) = (Extent.Of(samples, g.C, g.P, g.Q), (long)g.C * g.P * g.Q);
        var arguments = new AdaptiveForward(
            default,
            new AdaptiveWindows(g),
            GpuOperand.Samples(operation, "x", x, Extent.Of(samples, g.C, g.H, g.W)),
            GpuOperand.Steps(operation, epilogue, pooled),
            GpuOperand.Samples(operation, "y", y, pooled),
            GpuOperand.ViewOrNone(operation, "chosen", chosen, pooled).Cast<int>(),
            outputs);
        foreach (var cells in SampleCells.Of(samples, outputs * threads))
        {
            LaunchThreads(kernel, cells.Count, arguments with { Cells = cells });
        }
    }

    private void AdaptiveBackward(
        string operation, Kernel<AdaptiveBackward> kernel, bool isMax, in AdaptivePool2dGeometry g, int samples, Tensor dy, Tensor chosen,
        in GradientEpilogue epilogue, Tensor dx)
    {
        GeometryChecks.Check(operation, g, samples);
        var (image, pooled) = (Extent.Of(samples, g.C, g.H, g.W), Extent.Of(samples, g.C, g.P, g.Q));
        var arguments = new AdaptiveBackward(
            default,
            new AdaptiveWindows(g),
            GpuOperand.Samples(operation, "dy", dy, pooled),
            isMax ? GpuOperand.View(operation, "chosen", chosen, pooled).Cast<int>() : default,
            (long)g.C * g.P * g.Q,
            GpuOperand.Steps(operation, epilogue, image),
            GpuOperand.Samples(operation, "dx", dx, image));
        foreach (var cells in SampleCells.Of(samples, (long)g.C * g.H * g.W))
        {
            LaunchThreads(kernel, cells.Count, arguments with { Cells = cells });
        }
    }
}
