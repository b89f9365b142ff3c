using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Convolution;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Linear;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Reduction;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Cpu;

/// <summary>Convolutions and linear layers: checks operands, then hands each operation to the class that carries it out.</summary>
internal sealed unsafe class CpuProducts<TSimd, TVector>(ThreadTeam team, Scratch scratch) : IProducts, IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private readonly Convolution2d<TSimd, TVector> _convolution2d = new(team, scratch);
    private readonly Conv2dBackwardWeights<TSimd, TVector> _conv2dBackwardWeights = new(team, scratch);
    private readonly LinearForward<TSimd, TVector> _linearForward = new(team, scratch);
    private readonly LinearBackwardData<TSimd, TVector> _linearBackwardData = new(team, scratch);
    private readonly LinearBackwardWeights<TSimd, TVector> _linearBackwardWeights = new(team, scratch);
    private readonly BiasGradient<TSimd, TVector> _biasGradient = new(team, scratch);
    private readonly ReductionPlan _plan = new();
    private readonly RootTargets _targets = new();

    public void Conv2dForward(in Conv2dGeometry g, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y)
    {
        const string Operation = nameof(Conv2dForward);
        GeometryChecks.Check(Operation, g, samples);
        var outputs = Extent.Of(samples, g.K, g.P, g.Q);
        _convolution2d.Forward(
            g,
            samples,
            Operand.Samples(Operation, "x", x, Extent.Of(samples, g.C, g.H, g.W)),
            Operand.Address(Operation, "w", w, Extent.Of(g.K, g.C / g.Groups, g.R, g.S)),
            Finish.Of(Operand.AddressOrNull(Operation, "b", b, Extent.Of(g.K)), Operand.Steps(Operation, epilogue, outputs)),
            Operand.Samples(Operation, "y", y, outputs));
    }

    public void Conv2dBackwardData(in Conv2dGeometry g, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(Conv2dBackwardData);
        GeometryChecks.Check(Operation, g, samples);
        var images = Extent.Of(samples, g.C, g.H, g.W);
        _convolution2d.BackwardData(
            g,
            samples,
            Operand.Samples(Operation, "dy", dy, Extent.Of(samples, g.K, g.P, g.Q)),
            Operand.Address(Operation, "w", w, Extent.Of(g.K, g.C / g.Groups, g.R, g.S)),
            Finish.Of(Operand.Steps(Operation, epilogue, images)),
            Operand.Samples(Operation, "dx", dx, images));
    }

    public void Conv2dBackwardWeights(
        in Conv2dGeometry g, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db)
    {
        const string Operation = nameof(Conv2dBackwardWeights);
        GeometryChecks.Check(Operation, g, slice.LocalSamples);
        var images = Operand.Samples(Operation, "x", x, Extent.Of(slice.LocalSamples, g.C, g.H, g.W));
        var gradients = Operand.Samples(Operation, "dy", dy, Extent.Of(slice.LocalSamples, g.K, g.P, g.Q));
        _plan.Describe(slice, g.P, g.Q);
        if (!dw.IsEmpty)
        {
            _conv2dBackwardWeights.Execute(
                g, slice, _plan, images, gradients, _targets.Of(Operation, "dw", slice, dw, Extent.Of(g.K, g.C / g.Groups, g.R, g.S)));
        }

        if (!db.IsEmpty)
        {
            _biasGradient.Execute(_plan, gradients, g.K, g.P * g.Q, _targets.Of(Operation, "db", slice, db, Extent.Of(g.K)));
        }
    }

    public void LinearForward(int inputs, int outputs, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y)
    {
        const string Operation = nameof(LinearForward);
        GeometryChecks.Check(Operation, inputs, outputs, samples);
        var values = Extent.Of(samples, outputs);
        _linearForward.Execute(
            inputs,
            outputs,
            samples,
            Operand.Samples(Operation, "x", x, Extent.Of(samples, inputs)),
            Operand.Address(Operation, "w", w, Extent.Of(outputs, inputs)),
            Finish.Of(Operand.AddressOrNull(Operation, "b", b, Extent.Of(outputs)), Operand.Steps(Operation, epilogue, values)),
            Operand.Samples(Operation, "y", y, values));
    }

    public void LinearBackwardData(int inputs, int outputs, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(LinearBackwardData);
        GeometryChecks.Check(Operation, inputs, outputs, samples);
        var values = Extent.Of(samples, inputs);
        _linearBackwardData.Execute(
            inputs,
            outputs,
            samples,
            Operand.Samples(Operation, "dy", dy, Extent.Of(samples, outputs)),
            Operand.Address(Operation, "w", w, Extent.Of(outputs, inputs)),
            Finish.Of(Operand.Steps(Operation, epilogue, values)),
            Operand.Samples(Operation, "dx", dx, values));
    }

    public void LinearBackwardWeights(
        int inputs, int outputs, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db)
    {
        const string Operation = nameof(LinearBackwardWeights);
        GeometryChecks.Check(Operation, inputs, outputs, slice.LocalSamples);
        var values = Operand.Samples(Operation, "x", x, Extent.Of(slice.LocalSamples, inputs));
        var gradients = Operand.Samples(Operation, "dy", dy, Extent.Of(slice.LocalSamples, outputs));
        _plan.Describe(slice, 1, 1);
        if (!dw.IsEmpty)
        {
            _linearBackwardWeights.Execute(
                inputs, outputs, _plan, values, gradients, _targets.Of(Operation, "dw", slice, dw, Extent.Of(outputs, inputs)));
        }

        if (!db.IsEmpty)
        {
            _biasGradient.Execute(_plan, gradients, outputs, 0, _targets.Of(Operation, "db", slice, db, Extent.Of(outputs)));
        }
    }

    public void Dispose()
    {
        _convolution2d.Dispose();
        _conv2dBackwardWeights.Dispose();
        _linearBackwardWeights.Dispose();
        _targets.Dispose();
    }
}
