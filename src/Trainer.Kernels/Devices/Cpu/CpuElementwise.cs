using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Cpu;

/// <summary>Operations element by element, and softmax.</summary>
internal sealed unsafe class CpuElementwise<TSimd, TVector>(ThreadTeam team) : IElementwise, IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private readonly ElementwiseForward<TSimd, TVector> _elementwiseForward = new(team);
    private readonly ElementwiseBackward<TSimd, TVector> _elementwiseBackward = new(team);
    private readonly ChannelProducts<TSimd, TVector> _channelProducts = new(team);
    private readonly GateGradient<TSimd, TVector> _gateGradient = new(team);
    private readonly ChannelSlopes<TSimd, TVector> _channelSlopes = new(team);
    private readonly ZeroPad2dWork<TSimd, TVector> _zeroPad2d = new(team);
    private readonly DropoutWork<TSimd, TVector> _dropout = new(team);
    private readonly SoftmaxWork<TSimd, TVector> _softmax = new(team);

    public void ActivationForward(Activation activation, long elements, int samples, Tensor x, Tensor y)
    {
        const string Operation = nameof(ActivationForward);
        GeometryChecks.CheckElements(Operation, elements, samples);
        var extent = Extent.Of(samples, elements);
        _elementwiseForward.Execute(
            elements,
            samples,
            Operand.Samples(Operation, "x", x, extent),
            Operand.Steps(Operation, new OutputEpilogue(activation), extent),
            Operand.Samples(Operation, "y", y, extent));
    }

    public void ActivationBackward(
        Activation activation, long elements, int samples, Tensor source, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(ActivationBackward);
        GeometryChecks.CheckElements(Operation, elements, samples);
        OperandChecks.CheckKind(Operation, activation);
        var extent = Extent.Of(samples, elements);
        _elementwiseBackward.Execute(
            activation,
            elements,
            samples,
            activation.IsNone ? default : Operand.Samples(Operation, "source", source, extent),
            Operand.Samples(Operation, "dy", dy, extent),
            Operand.Steps(Operation, epilogue, extent),
            Operand.Samples(Operation, "dx", dx, extent));
    }

    public void Add(long elements, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y)
    {
        const string Operation = nameof(Add);
        GeometryChecks.CheckElements(Operation, elements, samples);
        var extent = Extent.Of(samples, elements);
        _elementwiseForward.Execute(
            elements,
            samples,
            Operand.Samples(Operation, "x", x, extent),
            Operand.Steps(Operation, epilogue, extent),
            Operand.Samples(Operation, "y", y, extent));
    }

    public void AddBackward(long elements, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(AddBackward);
        GeometryChecks.CheckElements(Operation, elements, samples);
        var extent = Extent.Of(samples, elements);
        _elementwiseBackward.Execute(
            Activation.None,
            elements,
            samples,
            default,
            Operand.Samples(Operation, "dy", dy, extent),
            Operand.Steps(Operation, epilogue, extent),
            Operand.Samples(Operation, "dx", dx, extent));
    }

    public void Multiply(int channels, int pixels, int samples, Tensor x, Tensor factor, in OutputEpilogue epilogue, Tensor y)
    {
        const string Operation = nameof(Multiply);
        GeometryChecks.CheckChannels(Operation, channels, pixels, 1, samples);
        var extent = Extent.Of(samples, channels, 1, pixels);
        _channelProducts.Forward(
            channels,
            pixels,
            samples,
            Operand.Samples(Operation, "x", x, extent),
            Operand.Samples(Operation, "factor", factor, Extent.Of(samples, channels)),
            Operand.Steps(Operation, epilogue, extent),
            Operand.Samples(Operation, "y", y, extent));
    }

    public void MultiplyBackward(int channels, int pixels, int samples, Tensor dy, Tensor factor, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(MultiplyBackward);
        GeometryChecks.CheckChannels(Operation, channels, pixels, 1, samples);
        var extent = Extent.Of(samples, channels, 1, pixels);
        _channelProducts.Backward(
            channels,
            pixels,
            samples,
            Operand.Samples(Operation, "dy", dy, extent),
            Operand.Samples(Operation, "factor", factor, Extent.Of(samples, channels)),
            Operand.Steps(Operation, epilogue, extent),
            Operand.Samples(Operation, "dx", dx, extent));
    }

    public void GateBackward(int channels, int pixels, int samples, Tensor dy, Tensor x, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(GateBackward);
        GeometryChecks.CheckChannels(Operation, channels, pixels, 1, samples);
        var (extent, gate) = (Extent.Of(samples, channels, 1, pixels), Extent.Of(samples, channels));
        _gateGradient.Execute(
            channels,
            pixels,
            samples,
            Operand.Samples(Operation, "dy", dy, extent),
            Operand.Samples(Operation, "x", x, extent),
            Operand.Steps(Operation, epilogue, gate),
            Operand.Samples(Operation, "dx", dx, gate));
    }

    public void PReluForward(int channels, int pixels, int samples, Tensor x, Tensor slope, Tensor y)
    {
        const string Operation = nameof(PReluForward);
        GeometryChecks.CheckChannels(Operation, channels, pixels, 1, samples);
        var extent = Extent.Of(samples, channels, 1, pixels);
        _channelSlopes.Forward(
            channels,
            pixels,
            samples,
            Operand.Samples(Operation, "x", x, extent),
            Operand.Address(Operation, "slope", slope, Extent.Of(channels)),
            Operand.Samples(Operation, "y", y, extent));
    }

    public void PReluBackward(
        int channels, int pixels, int samples, Tensor x, Tensor dy, Tensor slope, Tensor terms, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(PReluBackward);
        GeometryChecks.CheckChannels(Operation, channels, pixels, 1, samples);
        var extent = Extent.Of(samples, channels, 1, pixels);
        _channelSlopes.Backward(
            channels,
            pixels,
            samples,
            Operand.Samples(Operation, "x", x, extent),
            Operand.Samples(Operation, "dy", dy, extent),
            Operand.Address(Operation, "slope", slope, Extent.Of(channels)),
            Operand.Samples(Operation, "terms", terms, extent),
            dx.IsEmpty ? default : Operand.Steps(Operation, epilogue, extent),
            Operand.SamplesOrNone(Operation, "dx", dx, extent));
    }

    public void ZeroPad2dForward(in Pad2dGeometry g, int samples, Tensor x, Tensor y)
    {
        const string Operation = nameof(ZeroPad2dForward);
        GeometryChecks.Check(Operation, g, samples);
        _zeroPad2d.Forward(
            g,
            samples,
            Operand.Samples(Operation, "x", x, Extent.Of(samples, g.C, g.H, g.W)),
            Operand.Samples(Operation, "y", y, Extent.Of(samples, g.C, g.P, g.Q)));
    }

    public void ZeroPad2dBackward(in Pad2dGeometry g, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(ZeroPad2dBackward);
        GeometryChecks.Check(Operation, g, samples);
        var image = Extent.Of(samples, g.C, g.H, g.W);
        _zeroPad2d.Backward(
            g,
            samples,
            Operand.Samples(Operation, "dy", dy, Extent.Of(samples, g.C, g.P, g.Q)),
            Operand.Steps(Operation, epilogue, image),
            Operand.Samples(Operation, "dx", dx, image));
    }

    public void DropoutForward(in DropoutDraw draw, int channels, int pixels, BatchSlice slice, Tensor x, Tensor y)
    {
        const string Operation = nameof(DropoutForward);
        GeometryChecks.Check(Operation, draw, channels, pixels, slice.LocalSamples);
        var extent = Extent.Of(slice.LocalSamples, channels, 1, pixels);
        _dropout.Execute(
            draw, channels, pixels, slice, Operand.Samples(Operation, "x", x, extent), default, Operand.Samples(Operation, "y", y, extent));
    }

    public void DropoutBackward(
        in DropoutDraw draw, int channels, int pixels, BatchSlice slice, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(DropoutBackward);
        GeometryChecks.Check(Operation, draw, channels, pixels, slice.LocalSamples);
        var extent = Extent.Of(slice.LocalSamples, channels, 1, pixels);
        _dropout.Execute(
            draw,
            channels,
            pixels,
            slice,
            Operand.Samples(Operation, "dy", dy, extent),
            Operand.Steps(Operation, epilogue, extent),
            Operand.Samples(Operation, "dx", dx, extent));
    }

    public void SoftmaxForward(int channels, int pixels, int samples, bool log, Tensor x, Tensor y)
    {
        const string Operation = nameof(SoftmaxForward);
        GeometryChecks.CheckChannels(Operation, channels, pixels, 1, samples);
        var extent = Extent.Of(samples, channels, 1, pixels);
        _softmax.Forward(
            channels, pixels, samples, log, Operand.Samples(Operation, "x", x, extent), Operand.Samples(Operation, "y", y, extent));
    }

    public void SoftmaxBackward(int channels, int pixels, int samples, bool log, Tensor y, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(SoftmaxBackward);
        GeometryChecks.CheckChannels(Operation, channels, pixels, 1, samples);
        var extent = Extent.Of(samples, channels, 1, pixels);
        _softmax.Backward(
            channels,
            pixels,
            samples,
            log,
            Operand.Samples(Operation, "y", y, extent),
            Operand.Samples(Operation, "dy", dy, extent),
            Operand.Steps(Operation, epilogue, extent),
            Operand.Samples(Operation, "dx", dx, extent));
    }

    public void Dispose() => _dropout.Dispose();
}
