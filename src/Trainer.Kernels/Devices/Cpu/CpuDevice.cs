using System.Runtime.Intrinsics;
using Trainer.Kernels.Devices.Cpu.Convolution;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Linear;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Reduction;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Cpu;

internal static class CpuDevice
{
    /// <summary>A device of some threads; <paramref name="set"/> is for tests that compare instruction sets.</summary>
    /// <exception cref="PlatformNotSupportedException">The processor lacks the instruction set.</exception>
    public static Device Create(int threads, InstructionSet? set = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        var count = threads == 0 ? Environment.ProcessorCount : threads;
        var chosen = set ?? InstructionSets.Best;
        if (!InstructionSets.IsSupported(chosen))
        {
            throw new PlatformNotSupportedException($"This processor has no {InstructionSets.NameOf(chosen)}.");
        }

        return chosen switch
        {
            InstructionSet.Avx512 => new CpuDevice<Avx512Simd, Vector512<float>>(count, chosen),
            InstructionSet.Avx2 => new CpuDevice<Avx2Simd, Vector256<float>>(count, chosen),
            _ => new CpuDevice<PortableSimd, Vector128<float>>(count, chosen),
        };
    }
}

/// <summary>The CPU as a device: checks operands, then hands each operation to the class that carries it out.</summary>
internal sealed unsafe class CpuDevice<TSimd, TVector> : Device
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private readonly InstructionSet _set;
    private readonly ThreadTeam _team;
    private readonly Scratch _scratch;
    private readonly NativeBuffer _targets = new();
    private readonly HashSet<CpuMemory> _memories = [];
    private readonly ReductionPlan _plan = new();
    private readonly Convolution2d<TSimd, TVector> _convolution2d;
    private readonly Conv2dBackwardWeights<TSimd, TVector> _conv2dBackwardWeights;
    private readonly LinearForward<TSimd, TVector> _linearForward;
    private readonly LinearBackwardData<TSimd, TVector> _linearBackwardData;
    private readonly LinearBackwardWeights<TSimd, TVector> _linearBackwardWeights;
    private readonly BiasGradient<TSimd, TVector> _biasGradient;
    private readonly AvgPool2d<TSimd, TVector> _avgPool2d;
    private readonly SigmoidWork<TSimd, TVector> _sigmoid;
    private readonly SoftmaxCrossEntropy<TSimd, TVector> _softmaxCrossEntropy;
    private readonly SgdWork<TSimd, TVector> _sgd;

    public CpuDevice(int threads, InstructionSet set)
    {
        (_set, _team, _scratch) = (set, new ThreadTeam(threads), new Scratch(threads));
        _convolution2d = new(_team, _scratch);
        _conv2dBackwardWeights = new(_team, _scratch);
        _linearForward = new(_team, _scratch);
        _linearBackwardData = new(_team, _scratch);
        _linearBackwardWeights = new(_team, _scratch);
        _biasGradient = new(_team, _scratch);
        _avgPool2d = new(_team);
        _sigmoid = new(_team);
        _softmaxCrossEntropy = new(_team, _scratch);
        _sgd = new(_team, _scratch);
    }

    public override string Name => "cpu";

    public override string Description =>
        $"{Processor.Name}, {InstructionSets.NameOf(_set)}, {Threads} {(Threads == 1 ? "thread" : "threads")}";

    public override int Threads => _team.Count;

    public override string NumericsId => Numerics.Id;

    public override DeviceMemory Allocate(long elements)
    {
        var memory = new CpuMemory(elements, Forget);
        lock (_memories)
        {
            _memories.Add(memory);
        }

        return memory;
    }

    public override void Conv2dForward(in Conv2dGeometry g, int samples, Tensor x, Tensor w, Tensor b, Activation activation, Tensor y)
    {
        const string Operation = nameof(Conv2dForward);
        GeometryChecks.Check(Operation, g, samples);
        _convolution2d.Forward(
            g,
            samples,
            Operand.Address(Operation, "x", x, Extent.Of(samples, g.C, g.H, g.W)),
            Operand.Address(Operation, "w", w, Extent.Of(g.K, g.C, g.R, g.S)),
            Operand.AddressOrNull(Operation, "b", b, Extent.Of(g.K)),
            GeometryChecks.Check(Operation, activation),
            Operand.Address(Operation, "y", y, Extent.Of(samples, g.K, g.P, g.Q)));
    }

    public override void Conv2dBackwardData(in Conv2dGeometry g, int samples, Tensor dy, Tensor w, ActivationGradient previous, Tensor dx)
    {
        const string Operation = nameof(Conv2dBackwardData);
        GeometryChecks.Check(Operation, g, samples);
        var image = Extent.Of(samples, g.C, g.H, g.W);
        _convolution2d.BackwardData(
            g,
            samples,
            Operand.Address(Operation, "dy", dy, Extent.Of(samples, g.K, g.P, g.Q)),
            Operand.Address(Operation, "w", w, Extent.Of(g.K, g.C, g.R, g.S)),
            Operand.Derivative(Operation, previous, image),
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

    public override void LinearForward(int inputs, int outputs, int samples, Tensor x, Tensor w, Tensor b, Activation activation, Tensor y)
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
            GeometryChecks.Check(Operation, activation),
            Operand.Address(Operation, "y", y, Extent.Of(samples, outputs)));
    }

    public override void LinearBackwardData(int inputs, int outputs, int samples, Tensor dy, Tensor w, ActivationGradient previous, Tensor dx)
    {
        const string Operation = nameof(LinearBackwardData);
        GeometryChecks.Check(Operation, inputs, outputs, samples);
        _linearBackwardData.Execute(
            inputs,
            outputs,
            samples,
            Operand.Address(Operation, "dy", dy, Extent.Of(samples, outputs)),
            Operand.Address(Operation, "w", w, Extent.Of(outputs, inputs)),
            Operand.Derivative(Operation, previous, Extent.Of(samples, inputs)),
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

    public override void AvgPool2dForward(in Pool2dGeometry g, int samples, Tensor x, Tensor y)
    {
        const string Operation = nameof(AvgPool2dForward);
        GeometryChecks.Check(Operation, g, samples);
        _avgPool2d.Forward(
            g,
            samples,
            Operand.Address(Operation, "x", x, Extent.Of(samples, g.C, g.H, g.W)),
            Operand.Address(Operation, "y", y, Extent.Of(samples, g.C, g.P, g.Q)));
    }

    public override void AvgPool2dBackward(in Pool2dGeometry g, int samples, Tensor dy, ActivationGradient previous, Tensor dx)
    {
        const string Operation = nameof(AvgPool2dBackward);
        GeometryChecks.Check(Operation, g, samples);
        var image = Extent.Of(samples, g.C, g.H, g.W);
        _avgPool2d.Backward(
            g,
            samples,
            Operand.Address(Operation, "dy", dy, Extent.Of(samples, g.C, g.P, g.Q)),
            Operand.Derivative(Operation, previous, image),
            Operand.Address(Operation, "dx", dx, image));
    }

    public override void SigmoidForward(long elements, Tensor x, Tensor y)
    {
        const string Operation = nameof(SigmoidForward);
        var extent = Extent.Of(elements);
        _sigmoid.Forward(elements, Operand.Address(Operation, "x", x, extent), Operand.Address(Operation, "y", y, extent));
    }

    public override void SigmoidBackward(long elements, Tensor y, Tensor dy, Tensor dx)
    {
        const string Operation = nameof(SigmoidBackward);
        var extent = Extent.Of(elements);
        _sigmoid.Backward(
            elements,
            Operand.Address(Operation, "y", y, extent),
            Operand.Address(Operation, "dy", dy, extent),
            Operand.Address(Operation, "dx", dx, extent));
    }

    public override void SoftmaxCrossEntropy(
        int classes, int samples, Tensor logits, ReadOnlySpan<int> labels, Span<float> loss, Span<byte> correct, Tensor dx)
    {
        const string Operation = nameof(SoftmaxCrossEntropy);
        GeometryChecks.CheckLabels(Operation, classes, samples, labels);
        GeometryChecks.CheckLength(Operation, "loss", loss.Length, samples);
        GeometryChecks.CheckLength(Operation, "correct", correct.Length, samples);
        var extent = Extent.Of(samples, classes);
        fixed (int* labelValues = labels)
        fixed (float* losses = loss)
        fixed (byte* corrects = correct)
        {
            _softmaxCrossEntropy.Execute(
                classes,
                samples,
                Operand.Address(Operation, "logits", logits, extent),
                labelValues,
                losses,
                corrects,
                Operand.AddressOrNull(Operation, "dx", dx, extent));
        }
    }

    public override ulong Sgd(Tensor weights, Tensor total, Tensor velocity, float learningRate, float momentum, float weightDecay)
    {
        const string Operation = nameof(Sgd);
        var extent = Extent.Of(weights.Elements);
        return _sgd.Execute(
            weights.Elements,
            Operand.Address(Operation, "weights", weights, extent),
            Operand.Address(Operation, "total", total, extent),
            Operand.AddressOrNull(Operation, "velocity", velocity, extent),
            learningRate,
            momentum,
            weightDecay);
    }

    public override void Dispose()
    {
        _team.Dispose();
        _scratch.Dispose();
        _targets.Dispose();
        _convolution2d.Dispose();
        _conv2dBackwardWeights.Dispose();
        _linearBackwardWeights.Dispose();
        CpuMemory[] memories;
        lock (_memories)
        {
            memories = [.. _memories];
        }

        foreach (var memory in memories)
        {
            memory.Dispose();
        }
    }

    private void Forget(CpuMemory memory)
    {
        lock (_memories)
        {
            _memories.Remove(memory);
        }
    }

    /// <summary>Addresses of one tensor per root; null for a root without samples, which is left alone.</summary>
    private float** Targets(string operation, string operand, BatchSlice slice, ReadOnlySpan<Tensor> tensors, Extent extent)
    {
        GeometryChecks.CheckRoots(operation, operand, tensors.Length, slice);
        var targets = (float**)_targets.Ensure<nint>(slice.Roots.Count);
        for (var root = 0; root < tensors.Length; root++)
        {
            targets[root] = slice.RootSamples(slice.Roots[root]) == 0 ? null : Operand.Address(operation, operand, tensors[root], extent);
        }

        return targets;
    }
}
