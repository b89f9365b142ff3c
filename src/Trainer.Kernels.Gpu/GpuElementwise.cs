using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Elementwise;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;
using Trainer.Kernels.Randomness;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Gpu;

/// <summary>Operations element by element, and softmax.</summary>
internal sealed class GpuElementwise(GpuQueue queue) : GpuFamily(queue), IElementwise
{
    public void ActivationForward(Activation activation, long elements, int samples, Tensor x, Tensor y) =>
        ElementwiseForward(nameof(ActivationForward), elements, samples, x, new OutputEpilogue(activation), y);

    public void ActivationBackward(
        Activation activation, long elements, int samples, Tensor source, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        ElementwiseBackward(nameof(ActivationBackward), activation, elements, samples, source, dy, epilogue, dx);

    public void Add(long elements, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y) =>
        ElementwiseForward(nameof(Add), elements, samples, x, epilogue, y);

    public void AddBackward(long elements, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        ElementwiseBackward(nameof(AddBackward), Activation.None, elements, samples, default, dy, epilogue, dx);

    public void Multiply(int channels, int pixels, int samples, Tensor x, Tensor factor, in OutputEpilogue epilogue, Tensor y)
    {
        const string Operation = nameof(Multiply);
        GeometryChecks.CheckChannels(Operation, channels, pixels, 1, samples);
        var extent = Extent.Of(samples, channels, 1, pixels);
        var arguments = new ChannelProducts(
            default,
            new FastDivisor(pixels),
            GpuOperand.Samples(Operation, "x", x, extent),
            GpuOperand.Samples(Operation, "factor", factor, Extent.Of(samples, channels)),
            GpuOperand.Steps(Operation, epilogue, extent),
            GpuOperand.Samples(Operation, "y", y, extent));
        foreach (var cells in SampleCells.Of(samples, (long)channels * pixels))
        {
            LaunchThreads(ChannelProductKernels.Forward, cells.Count, arguments with { Cells = cells });
        }
    }

    public void MultiplyBackward(int channels, int pixels, int samples, Tensor dy, Tensor factor, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(MultiplyBackward);
        GeometryChecks.CheckChannels(Operation, channels, pixels, 1, samples);
        var extent = Extent.Of(samples, channels, 1, pixels);
        var arguments = new ChannelProductGradients(
            default,
            new FastDivisor(pixels),
            GpuOperand.Samples(Operation, "dy", dy, extent),
            GpuOperand.Samples(Operation, "factor", factor, Extent.Of(samples, channels)),
            GpuOperand.Steps(Operation, epilogue, extent),
            GpuOperand.Samples(Operation, "dx", dx, extent));
        foreach (var cells in SampleCells.Of(samples, (long)channels * pixels))
        {
            LaunchThreads(ChannelProductKernels.Backward, cells.Count, arguments with { Cells = cells });
        }
    }

    public void GateBackward(int channels, int pixels, int samples, Tensor dy, Tensor x, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(GateBackward);
        GeometryChecks.CheckChannels(Operation, channels, pixels, 1, samples);
        var (extent, gate) = (Extent.Of(samples, channels, 1, pixels), Extent.Of(samples, channels));
        var planes = checked(samples * channels);
        LaunchThreads(ChannelProductKernels.Gate, planes * (long)ChannelProductKernels.Lanes, new GateGradients(
            planes,
            new FastDivisor(channels),
            pixels,
            GpuOperand.Samples(Operation, "dy", dy, extent),
            GpuOperand.Samples(Operation, "x", x, extent),
            GpuOperand.Steps(Operation, epilogue, gate),
            GpuOperand.Samples(Operation, "dx", dx, gate)));
    }

    public void PReluForward(int channels, int pixels, int samples, Tensor x, Tensor slope, Tensor y)
    {
        const string Operation = nameof(PReluForward);
        GeometryChecks.CheckChannels(Operation, channels, pixels, 1, samples);
        var extent = Extent.Of(samples, channels, 1, pixels);
        var arguments = new SlopesForward(
            default,
            new FastDivisor(pixels),
            GpuOperand.Samples(Operation, "x", x, extent),
            GpuOperand.View(Operation, "slope", slope, Extent.Of(channels)),
            GpuOperand.Samples(Operation, "y", y, extent));
        foreach (var cells in SampleCells.Of(samples, (long)channels * pixels))
        {
            LaunchThreads(SlopeKernels.Forward, cells.Count, arguments with { Cells = cells });
        }
    }

    public void PReluBackward(
        int channels, int pixels, int samples, Tensor x, Tensor dy, Tensor slope, Tensor terms, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(PReluBackward);
        GeometryChecks.CheckChannels(Operation, channels, pixels, 1, samples);
        var extent = Extent.Of(samples, channels, 1, pixels);
        var arguments = new SlopesBackward(
            default,
            new FastDivisor(pixels),
            GpuOperand.Samples(Operation, "x", x, extent),
            GpuOperand.Samples(Operation, "dy", dy, extent),
            GpuOperand.View(Operation, "slope", slope, Extent.Of(channels)),
            GpuOperand.Samples(Operation, "terms", terms, extent),
            dx.IsEmpty ? default : GpuOperand.Steps(Operation, epilogue, extent),
            GpuOperand.SamplesOrNone(Operation, "dx", dx, extent));
        foreach (var cells in SampleCells.Of(samples, (long)channels * pixels))
        {
            LaunchThreads(SlopeKernels.Backward, cells.Count, arguments with { Cells = cells });
        }
    }

    public void ZeroPad2dForward(in Pad2dGeometry g, int samples, Tensor x, Tensor y)
    {
        const string Operation = nameof(ZeroPad2dForward);
        GeometryChecks.Check(Operation, g, samples);
        var arguments = new ZeroPad2dForward(
            default,
            new FastDivisor(g.P),
            new FastDivisor(g.Q),
            g.H,
            g.W,
            g.Top,
            g.Left,
            GpuOperand.Samples(Operation, "x", x, Extent.Of(samples, g.C, g.H, g.W)),
            GpuOperand.Samples(Operation, "y", y, Extent.Of(samples, g.C, g.P, g.Q)));
        foreach (var cells in SampleCells.Of(samples, (long)g.C * g.P * g.Q))
        {
            LaunchThreads(ZeroPad2dKernels.Forward, cells.Count, arguments with { Cells = cells });
        }
    }

    public void ZeroPad2dBackward(in Pad2dGeometry g, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(ZeroPad2dBackward);
        GeometryChecks.Check(Operation, g, samples);
        var image = Extent.Of(samples, g.C, g.H, g.W);
        var arguments = new ZeroPad2dBackward(
            default,
            new FastDivisor(g.H),
            new FastDivisor(g.W),
            g.P,
            g.Q,
            g.Top,
            g.Left,
            GpuOperand.Samples(Operation, "dy", dy, Extent.Of(samples, g.C, g.P, g.Q)),
            GpuOperand.Steps(Operation, epilogue, image),
            GpuOperand.Samples(Operation, "dx", dx, image));
        foreach (var cells in SampleCells.Of(samples, (long)g.C * g.H * g.W))
        {
            LaunchThreads(ZeroPad2dKernels.Backward, cells.Count, arguments with { Cells = cells });
        }
    }

    public void DropoutForward(in DropoutDraw draw, int channels, int pixels, BatchSlice slice, Tensor x, Tensor y)
    {
        const string Operation = nameof(DropoutForward);
        GeometryChecks.Check(Operation, draw, channels, pixels, slice.LocalSamples);
        var extent = Extent.Of(slice.LocalSamples, channels, 1, pixels);
        Drop(draw, channels, pixels, slice, GpuOperand.Samples(Operation, "x", x, extent), default, GpuOperand.Samples(Operation, "y", y, extent));
    }

    public void DropoutBackward(
        in DropoutDraw draw, int channels, int pixels, BatchSlice slice, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(DropoutBackward);
        GeometryChecks.Check(Operation, draw, channels, pixels, slice.LocalSamples);
        var extent = Extent.Of(slice.LocalSamples, channels, 1, pixels);
        Drop(
            draw,
            channels,
            pixels,
            slice,
            GpuOperand.Samples(Operation, "dy", dy, extent),
            GpuOperand.Steps(Operation, epilogue, extent),
            GpuOperand.Samples(Operation, "dx", dx, extent));
    }

    public void SoftmaxForward(int channels, int pixels, int samples, bool log, Tensor x, Tensor y)
    {
        const string Operation = nameof(SoftmaxForward);
        GeometryChecks.CheckChannels(Operation, channels, pixels, 1, samples);
        var extent = Extent.Of(samples, channels, 1, pixels);
        var arguments = new SoftmaxForward(
            default,
            channels,
            pixels,
            log ? SoftmaxKind.Logarithm : SoftmaxKind.Probability,
            GpuOperand.Samples(Operation, "x", x, extent),
            GpuOperand.Samples(Operation, "y", y, extent));
        if (pixels == 1)
        {
            Launch(SoftmaxKernels.ForwardFeatures, samples, ThreadGroup.OfRow(channels), arguments);
            return;
        }

        foreach (var cells in SampleCells.Of(samples, pixels))
        {
            LaunchThreads(SoftmaxKernels.Forward, cells.Count, arguments with { Cells = cells });
        }
    }

    public void SoftmaxBackward(int channels, int pixels, int samples, bool log, Tensor y, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(SoftmaxBackward);
        GeometryChecks.CheckChannels(Operation, channels, pixels, 1, samples);
        var extent = Extent.Of(samples, channels, 1, pixels);
        var arguments = new SoftmaxBackward(
            default,
            channels,
            pixels,
            log ? SoftmaxKind.Logarithm : SoftmaxKind.Probability,
            GpuOperand.Samples(Operation, "y", y, extent),
            GpuOperand.Samples(Operation, "dy", dy, extent),
            GpuOperand.Steps(Operation, epilogue, extent),
            GpuOperand.Samples(Operation, "dx", dx, extent));
        if (pixels == 1)
        {
            Launch(SoftmaxKernels.BackwardFeatures, samples, ThreadGroup.OfRow(channels), arguments);
            return;
        }

        foreach (var cells in SampleCells.Of(samples, pixels))
        {
            LaunchThreads(SoftmaxKernels.Backward, cells.Count, arguments with { Cells = cells });
        }
    }

    private void ElementwiseForward(string operation, long elements, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y)
    {
        GeometryChecks.CheckElements(operation, elements, samples);
        var extent = Extent.Of(samples, elements);
        var arguments = new ElementwiseForward(
            default,
            GpuOperand.Samples(operation, "x", x, extent),
            GpuOperand.Steps(operation, epilogue, extent),
            GpuOperand.Samples(operation, "y", y, extent));
        foreach (var cells in SampleCells.Of(samples, elements))
        {
            LaunchThreads(ElementwiseKernels.Forward, cells.Count, arguments with { Cells = cells });
        }
    }

    private void ElementwiseBackward(
        string operation, Activation activation, long elements, int samples, Tensor source, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        GeometryChecks.CheckElements(operation, elements, samples);
        OperandChecks.CheckKind(operation, activation);
        var extent = Extent.Of(samples, elements);
        var arguments = new ElementwiseBackward(
            default,
            activation,
            activation.IsNone ? default : GpuOperand.Samples(operation, "source", source, extent),
            GpuOperand.Samples(operation, "dy", dy, extent),
            GpuOperand.Steps(operation, epilogue, extent),
            GpuOperand.Samples(operation, "dx", dx, extent));
        foreach (var cells in SampleCells.Of(samples, elements))
        {
            LaunchThreads(ElementwiseKernels.Backward, cells.Count, arguments with { Cells = cells });
        }
    }

    /// <summary>
    /// x scaled where the draw keeps the element, else +0; root by root, whose samples are at neighbouring positions. Draws are made again on the way back.
    /// </summary>
    private void Drop(in DropoutDraw draw, int channels, int pixels, BatchSlice slice, SampleRows x, GradientSteps steps, SampleRows y)
    {
        var elements = checked(channels * pixels);
        var arguments = new Dropout(
            new FastDivisor(((elements - 1) / DropoutKernels.RunElements) + 1),
            elements,
            new FastDivisor(draw.PerChannel ? pixels : 1),
            0,
            0,
            draw.Seed,
            (uint)draw.Step,
            (draw.Layer * 256) + (uint)RandomPurpose.Dropout,
            (ulong)Math.Round(draw.P * 4294967296.0),
            draw.P < 1 ? (float)(1 / (1 - draw.P)) : 0,
            x,
            steps,
            y);
        var first = 0;
        foreach (var root in slice.Roots)
        {
            var samples = slice.RootSamples(root);
            Launch(
                DropoutKernels.KeepOrDrop,
                (long)samples * arguments.Runs.Divisor,
                ThreadGroup.Size,
                arguments with { FirstSample = first, FirstPosition = slice.FirstPosition(root.Lo) });
            first += samples;
        }
    }
}
