using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Cpu;

/// <summary>Convolutions and linear layers.</summary>
internal sealed unsafe partial class CpuDevice<TSimd, TVector>
{
    public override void Conv2dForward(in Conv2dGeometry g, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y)
    {
        const string Operation = nameof(Conv2dForward);
        GeometryChecks.Check(Operation, g, samples);
        _convolution2d.Forward(
            g,
            samples,
            Operand.Address(Operation, "x", x, Extent.Of(samples, g.C, g.H, g.W)),
            Operand.Address(Operation, "w", w, Extent.Of(g.K, g.C, g.R, g.S)),
            Operand.AddressOrNull(Operation, "b", b, Extent.Of(g.K)),
            GeometryChecks.Check(Operation, epilogue),
            Operand.Address(Operation, "y", y, Extent.Of(samples, g.K, g.P, g.Q)));
    }

    public override void Conv2dBackwardData(in Conv2dGeometry g, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(Conv2dBackwardData);
        GeometryChecks.Check(Operation, g, samples);
        var image = Extent.Of(samples, g.C, g.H, g.W);
        _convolution2d.BackwardData(
            g,
            samples,
            Operand.Address(Operation, "dy", dy, Extent.Of(samples, g.K, g.P, g.Q)),
            Operand.Address(Operation, "w", w, Extent.Of(g.K, g.C, g.R, g.S)),
            Operand.Derivative(Operation, epilogue, image),
            Operand.Address(Operation, "dx", dx, image));
    }

    public override void Conv2dBackwardWeights(
        in Conv2dGeometry g, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db)
    {
        const string Operation = nameof(Conv2dBackwardWeights);
        GeometryChecks.Check(Operation, g, slice.LocalSamples);
        var images = Operand.Address(Operation, "x", x, Extent.Of(slice.LocalSamples, g.C, g.H, g.W));
        var gradients = Operand.Address(Operation, "dy", dy, Extent.Of(slice.LocalSamples, g.K, g.P, g.Q));
        _plan.Describe(slice, g.P, g.Q);
        _conv2dBackwardWeights.Execute(g, _plan, images, gradients, Targets(Operation, "dw", slice, dw, Extent.Of(g.K, g.C, g.R, g.S)));
        if (!db.IsEmpty)
        {
            _biasGradient.Execute(_plan, gradients, g.K, g.P * g.Q, Targets(Operation, "db", slice, db, Extent.Of(g.K)));
        }
    }

    public override void LinearForward(int inputs, int outputs, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y)
    {
        const string Operation = nameof(LinearForward);
        GeometryChecks.Check(Operation, inputs, outputs, samples);
        _linearForward.Execute(
            inputs,
            outputs,
            samples,
            Operand.Address(Operation, "x", x, Extent.Of(samples, inputs)),
            Operand.Address(Operation, "w", w, Extent.Of(outputs, inputs)),
            Operand.AddressOrNull(Operation, "b", b, Extent.Of(outputs)),
            GeometryChecks.Check(Operation, epilogue),
            Operand.Address(Operation, "y", y, Extent.Of(samples, outputs)));
    }

    public override void LinearBackwardData(int inputs, int outputs, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(LinearBackwardData);
        GeometryChecks.Check(Operation, inputs, outputs, samples);
        _linearBackwardData.Execute(
            inputs,
            outputs,
            samples,
            Operand.Address(Operation, "dy", dy, Extent.Of(samples, outputs)),
            Operand.Address(Operation, "w", w, Extent.Of(outputs, inputs)),
            Operand.Derivative(Operation, epilogue, Extent.Of(samples, inputs)),
            Operand.Address(Operation, "dx", dx, Extent.Of(samples, inputs)));
    }

    public override void LinearBackwardWeights(
        int inputs, int outputs, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db)
    {
        const string Operation = nameof(LinearBackwardWeights);
        GeometryChecks.Check(Operation, inputs, outputs, slice.LocalSamples);
        var values = Operand.Address(Operation, "x", x, Extent.Of(slice.LocalSamples, inputs));
        var gradients = Operand.Address(Operation, "dy", dy, Extent.Of(slice.LocalSamples, outputs));
        _plan.Describe(slice, 1, 1);
        _linearBackwardWeights.Execute(
            inputs, outputs, _plan, values, gradients, Targets(Operation, "dw", slice, dw, Extent.Of(outputs, inputs)));
        if (!db.IsEmpty)
        {
            _biasGradient.Execute(_plan, gradients, outputs, 0, Targets(Operation, "db", slice, db, Extent.Of(outputs)));
        }
    }
}
