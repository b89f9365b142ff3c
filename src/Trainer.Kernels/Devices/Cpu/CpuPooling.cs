using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Pooling;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices.Cpu;

/// <summary>Pooling.</summary>
internal sealed unsafe class CpuPooling<TSimd, TVector>(ThreadTeam team, Scratch scratch) : IPooling, IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private readonly PoolForward<TSimd, TVector> _poolForward = new(team, scratch);
    private readonly PoolBackward<TSimd, TVector> _poolBackward = new(team, scratch);
    private readonly AdaptivePoolWork<TSimd, TVector> _adaptivePool2d = new(team, scratch);

    public void MaxPool2dForward(in Pool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y, Tensor chosen)
    {
        const string Operation = nameof(MaxPool2dForward);
        GeometryChecks.Check(Operation, g, samples, true);
        var pooled = Extent.Of(samples, g.C, g.P, g.Q);
        _poolForward.Max(
            g,
            samples,
            Operand.Samples(Operation, "x", x, Extent.Of(samples, g.C, g.H, g.W)),
            Operand.Steps(Operation, epilogue, pooled),
            Operand.Samples(Operation, "y", y, pooled),
            Operand.AddressOrNull(Operation, "chosen", chosen, Extent.Of(samples, g.ChosenElements)));
    }

    public void MaxPool2dBackward(in Pool2dGeometry g, int samples, Tensor dy, Tensor chosen, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(MaxPool2dBackward);
        GeometryChecks.Check(Operation, g, samples, true);
        var image = Extent.Of(samples, g.C, g.H, g.W);
        _poolBackward.Max(
            g,
            samples,
            Operand.Samples(Operation, "dy", dy, Extent.Of(samples, g.C, g.P, g.Q)),
            Operand.Address(Operation, "chosen", chosen, Extent.Of(samples, g.ChosenElements)),
            Operand.Steps(Operation, epilogue, image),
            Operand.Samples(Operation, "dx", dx, image));
    }

    public void AvgPool2dForward(in Pool2dGeometry g, bool countIncludePad, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y)
    {
        const string Operation = nameof(AvgPool2dForward);
        GeometryChecks.Check(Operation, g, samples, false);
        var pooled = Extent.Of(samples, g.C, g.P, g.Q);
        _poolForward.Average(
            g,
            countIncludePad,
            samples,
            Operand.Samples(Operation, "x", x, Extent.Of(samples, g.C, g.H, g.W)),
            Operand.Steps(Operation, epilogue, pooled),
            Operand.Samples(Operation, "y", y, pooled));
    }

    public void AvgPool2dBackward(in Pool2dGeometry g, bool countIncludePad, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(AvgPool2dBackward);
        GeometryChecks.Check(Operation, g, samples, false);
        var image = Extent.Of(samples, g.C, g.H, g.W);
        _poolBackward.Average(
            g,
            countIncludePad,
            samples,
            Operand.Samples(Operation, "dy", dy, Extent.Of(samples, g.C, g.P, g.Q)),
            Operand.Steps(Operation, epilogue, image),
            Operand.Samples(Operation, "dx", dx, image));
    }

    public void AdaptiveAvgPool2dForward(in AdaptivePool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y)
    {
        const string Operation = nameof(AdaptiveAvgPool2dForward);
        GeometryChecks.Check(Operation, g, samples);
        var pooled = Extent.Of(samples, g.C, g.P, g.Q);
        _adaptivePool2d.Forward(
            g,
            samples,
            false,
            Operand.Samples(Operation, "x", x, Extent.Of(samples, g.C, g.H, g.W)),
            Operand.Steps(Operation, epilogue, pooled),
            Operand.Samples(Operation, "y", y, pooled),
            null);
    }

    public void AdaptiveAvgPool2dBackward(in AdaptivePool2dGeometry g, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(AdaptiveAvgPool2dBackward);
        GeometryChecks.Check(Operation, g, samples);
        var image = Extent.Of(samples, g.C, g.H, g.W);
        _adaptivePool2d.Backward(
            g,
            samples,
            false,
            Operand.Samples(Operation, "dy", dy, Extent.Of(samples, g.C, g.P, g.Q)),
            null,
            Operand.Steps(Operation, epilogue, image),
            Operand.Samples(Operation, "dx", dx, image));
    }

    public void AdaptiveMaxPool2dForward(in AdaptivePool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y, Tensor chosen)
    {
        const string Operation = nameof(AdaptiveMaxPool2dForward);
        GeometryChecks.Check(Operation, g, samples);
        var pooled = Extent.Of(samples, g.C, g.P, g.Q);
        _adaptivePool2d.Forward(
            g,
            samples,
            true,
            Operand.Samples(Operation, "x", x, Extent.Of(samples, g.C, g.H, g.W)),
            Operand.Steps(Operation, epilogue, pooled),
            Operand.Samples(Operation, "y", y, pooled),
            Operand.AddressOrNull(Operation, "chosen", chosen, pooled));
    }

    public void AdaptiveMaxPool2dBackward(in AdaptivePool2dGeometry g, int samples, Tensor dy, Tensor chosen, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(AdaptiveMaxPool2dBackward);
        GeometryChecks.Check(Operation, g, samples);
        var image = Extent.Of(samples, g.C, g.H, g.W);
        _adaptivePool2d.Backward(
            g,
            samples,
            true,
            Operand.Samples(Operation, "dy", dy, Extent.Of(samples, g.C, g.P, g.Q)),
            Operand.Address(Operation, "chosen", chosen, Extent.Of(samples, g.C, g.P, g.Q)),
            Operand.Steps(Operation, epilogue, image),
            Operand.Samples(Operation, "dx", dx, image));
    }

    public void Dispose()
    {
        _poolForward.Dispose();
        _poolBackward.Dispose();
    }
}
