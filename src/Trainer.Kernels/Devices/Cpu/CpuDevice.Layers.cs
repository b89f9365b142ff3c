using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Cpu;

/// <summary>Pooling, normalisation, element by element operations, losses and optimizers.</summary>
internal sealed unsafe partial class CpuDevice<TSimd, TVector>
{
    public override void AvgPool2dForward(in Pool2dGeometry g, bool countIncludePad, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y)
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

    public override void AvgPool2dBackward(in Pool2dGeometry g, bool countIncludePad, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
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

    public override void ActivationForward(Activation activation, long elements, int samples, Tensor x, Tensor y)
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

    public override void ActivationBackward(
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

    public override void SoftmaxCrossEntropy(
        in CrossEntropyOptions options, int classes, int samples, Tensor logits, Tensor labels, Tensor loss, Tensor correct, Tensor dx)
    {
        const string Operation = nameof(SoftmaxCrossEntropy);
        var labelValues = (int*)Operand.Address(Operation, "labels", labels, Extent.Of(samples));
        GeometryChecks.CheckLabels(Operation, classes, samples, new ReadOnlySpan<int>(labelValues, samples), options.IgnoreIndex);
        var extent = Extent.Of(samples, classes);
        _softmaxCrossEntropy.Execute(
            options,
            Operand.AddressOrNull(Operation, "the options' class weights", options.ClassWeights, Extent.Of(classes)),
            classes,
            samples,
            Operand.Samples(Operation, "logits", logits, extent),
            labelValues,
            Operand.Address(Operation, "loss", loss, Extent.Of(samples)),
            Operand.Address(Operation, "correct", correct, Extent.Of(samples)),
            Operand.SamplesOrNone(Operation, "dx", dx, extent));
    }

    public override bool Divide(Tensor values, float divisor) =>
        _divide.Execute(values.Elements, Operand.Address(nameof(Divide), "values", values, Extent.Of(values.Elements)), divisor);

    public override void Update(
        ReadOnlySpan<UpdateRun> runs, float scale, Tensor total, ReadOnlySpan<Tensor> before, ReadOnlySpan<Tensor> after, Span<ulong> hashes)
    {
        const string Operation = nameof(Update);
        GeometryChecks.CheckRuns(Operation, runs, before, after, hashes.Length);
        var extent = Extent.Of(after[0].Elements);
        var sources = (float**)_targets.Ensure<nint>(before.Length);
        var targets = (float**)_otherTargets.Ensure<nint>(after.Length);
        for (var buffer = 0; buffer < after.Length; buffer++)
        {
            sources[buffer] = Operand.Address(Operation, buffer == 0 ? "the weights" : "the optimizer's state", before[buffer], extent);
            targets[buffer] = Operand.Address(Operation, buffer == 0 ? "the next weights" : "the optimizer's next state", after[buffer], extent);
        }

        _weightUpdate.Plan(runs, scale);
        _weightUpdate.Execute(extent.Elements, Operand.Address(Operation, "total", total, extent), after.Length, sources, targets, hashes);
    }

    public override void Hash(Tensor values, Span<ulong> hashes)
    {
        const string Operation = nameof(Hash);
        GeometryChecks.CheckHashes(Operation, values.Elements, Chunk.CountOf(values.Elements), hashes.Length);
        _chunkHashes.Execute(values.Elements, Operand.Address(Operation, "values", values, Extent.Of(values.Elements)), hashes);
    }

    public override void MaxPool2dForward(in Pool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y, Tensor chosen)
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
            Operand.AddressOrNull(Operation, "chosen", chosen, Extent.Of(samples, MaxPoolSavedElements(g))));
    }

    public override void MaxPool2dBackward(in Pool2dGeometry g, int samples, Tensor dy, Tensor chosen, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(MaxPool2dBackward);
        GeometryChecks.Check(Operation, g, samples, true);
        var image = Extent.Of(samples, g.C, g.H, g.W);
        _poolBackward.Max(
            g,
            samples,
            Operand.Samples(Operation, "dy", dy, Extent.Of(samples, g.C, g.P, g.Q)),
            Operand.Address(Operation, "chosen", chosen, Extent.Of(samples, MaxPoolSavedElements(g))),
            Operand.Steps(Operation, epilogue, image),
            Operand.Samples(Operation, "dx", dx, image));
    }

    public override void AdaptiveAvgPool2dForward(in AdaptivePool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y)
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

    public override void AdaptiveAvgPool2dBackward(in AdaptivePool2dGeometry g, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
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

    public override void AdaptiveMaxPool2dForward(in AdaptivePool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y, Tensor chosen)
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

    public override void AdaptiveMaxPool2dBackward(in AdaptivePool2dGeometry g, int samples, Tensor dy, Tensor chosen, in GradientEpilogue epilogue, Tensor dx)
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

    public override void BatchNormForward(
        in BatchNormGeometry g, BatchSlice slice, Tensor x, Tensor weight, Tensor bias, Tensor saved,
        ReadOnlySpan<Tensor> meanSums, ReadOnlySpan<Tensor> varianceSums, in OutputEpilogue epilogue, Tensor y)
    {
        const string Operation = nameof(BatchNormForward);
        GeometryChecks.CheckChannels(Operation, g.C, g.Pixels, 1, slice.LocalSamples);
        var (extent, channels) = (Extent.Of(slice.LocalSamples, g.C, 1, g.Pixels), Extent.Of(g.C));
        var groups = _batchNorm.Describe(Operation, slice, g);
        _batchNorm.Forward(
            g,
            slice,
            Operand.Samples(Operation, "x", x, extent),
            Operand.AddressOrNull(Operation, "weight", weight, channels),
            Operand.AddressOrNull(Operation, "bias", bias, channels),
            Operand.Address(Operation, "saved", saved, Extent.Of(groups, 2L * g.C)),
            TargetsOrNull(_targets, Operation, "meanSums", slice, meanSums, channels),
            TargetsOrNull(_otherTargets, Operation, "varianceSums", slice, varianceSums, channels),
            Operand.Steps(Operation, epilogue, extent),
            Operand.Samples(Operation, "y", y, extent));
    }

    public override void BatchNormInference(
        in BatchNormGeometry g, int samples, Tensor x, Tensor weight, Tensor bias, Tensor mean, Tensor variance, in OutputEpilogue epilogue, Tensor y)
    {
        const string Operation = nameof(BatchNormInference);
        GeometryChecks.CheckChannels(Operation, g.C, g.Pixels, 1, samples);
        var (extent, channels) = (Extent.Of(samples, g.C, 1, g.Pixels), Extent.Of(g.C));
        _batchNorm.Inference(
            g,
            samples,
            Operand.Samples(Operation, "x", x, extent),
            Operand.AddressOrNull(Operation, "weight", weight, channels),
            Operand.AddressOrNull(Operation, "bias", bias, channels),
            Operand.Address(Operation, "mean", mean, channels),
            Operand.Address(Operation, "variance", variance, channels),
            Operand.Steps(Operation, epilogue, extent),
            Operand.Samples(Operation, "y", y, extent));
    }

    public override void BatchNormBackward(
        in BatchNormGeometry g, BatchSlice slice, Tensor x, Tensor dy, Tensor weight, Tensor saved,
        ReadOnlySpan<Tensor> dweight, ReadOnlySpan<Tensor> dbias, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(BatchNormBackward);
        GeometryChecks.CheckChannels(Operation, g.C, g.Pixels, 1, slice.LocalSamples);
        var (extent, channels) = (Extent.Of(slice.LocalSamples, g.C, 1, g.Pixels), Extent.Of(g.C));
        var groups = _batchNorm.Describe(Operation, slice, g);
        _plan.Describe(slice, g.Pixels, 1);
        _batchNorm.Backward(
            g,
            slice,
            _plan,
            Operand.Samples(Operation, "x", x, extent),
            Operand.Samples(Operation, "dy", dy, extent),
            Operand.AddressOrNull(Operation, "weight", weight, channels),
            Operand.Address(Operation, "saved", saved, Extent.Of(groups, 2L * g.C)),
            TargetsOrNull(_targets, Operation, "dweight", slice, dweight, channels),
            TargetsOrNull(_otherTargets, Operation, "dbias", slice, dbias, channels),
            dx.IsEmpty ? default : Operand.Steps(Operation, epilogue, extent),
            Operand.SamplesOrNone(Operation, "dx", dx, extent));
    }

    public override void GroupNormForward(
        in GroupNormGeometry g, int samples, Tensor x, Tensor weight, Tensor bias, Tensor saved, in OutputEpilogue epilogue, Tensor y)
    {
        const string Operation = nameof(GroupNormForward);
        GeometryChecks.CheckChannels(Operation, g.C, g.Pixels, g.Groups, samples);
        var (extent, channels) = (Extent.Of(samples, g.C, 1, g.Pixels), Extent.Of(g.C));
        _groupNorm.Forward(
            g,
            samples,
            Operand.Samples(Operation, "x", x, extent),
            Operand.AddressOrNull(Operation, "weight", weight, channels),
            Operand.AddressOrNull(Operation, "bias", bias, channels),
            Operand.AddressOrNull(Operation, "saved", saved, Extent.Of(samples, 2L * g.Groups)),
            Operand.Steps(Operation, epilogue, extent),
            Operand.Samples(Operation, "y", y, extent));
    }

    public override void GroupNormBackward(
        in GroupNormGeometry g, BatchSlice slice, Tensor x, Tensor dy, Tensor weight, Tensor saved,
        ReadOnlySpan<Tensor> dweight, ReadOnlySpan<Tensor> dbias, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(GroupNormBackward);
        GeometryChecks.CheckChannels(Operation, g.C, g.Pixels, g.Groups, slice.LocalSamples);
        var (extent, channels) = (Extent.Of(slice.LocalSamples, g.C, 1, g.Pixels), Extent.Of(g.C));
        var (values, gradients) = (Operand.Samples(Operation, "x", x, extent), Operand.Samples(Operation, "dy", dy, extent));
        var moments = Operand.Address(Operation, "saved", saved, Extent.Of(slice.LocalSamples, 2L * g.Groups));
        _plan.Describe(slice, g.Pixels, 1);
        _channelGradients.Execute(
            _plan,
            g,
            values,
            gradients,
            moments,
            TargetsOrNull(_targets, Operation, "dweight", slice, dweight, channels),
            TargetsOrNull(_otherTargets, Operation, "dbias", slice, dbias, channels));
        if (!dx.IsEmpty)
        {
            _groupNorm.Backward(
                g,
                slice.LocalSamples,
                values,
                gradients,
                Operand.AddressOrNull(Operation, "weight", weight, channels),
                moments,
                Operand.Steps(Operation, epilogue, extent),
                Operand.Samples(Operation, "dx", dx, extent));
        }
    }

    public override void Add(long elements, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y)
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

    public override void AddBackward(long elements, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
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

    public override void DropoutForward(in DropoutDraw draw, int channels, int pixels, BatchSlice slice, Tensor x, Tensor y)
    {
        const string Operation = nameof(DropoutForward);
        GeometryChecks.Check(Operation, draw, channels, pixels, slice.LocalSamples);
        var extent = Extent.Of(slice.LocalSamples, channels, 1, pixels);
        _dropout.Execute(
            draw, channels, pixels, slice, Operand.Samples(Operation, "x", x, extent), default, Operand.Samples(Operation, "y", y, extent));
    }

    public override void DropoutBackward(
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

    public override void SoftmaxForward(int channels, int pixels, int samples, bool log, Tensor x, Tensor y)
    {
        const string Operation = nameof(SoftmaxForward);
        GeometryChecks.CheckChannels(Operation, channels, pixels, 1, samples);
        var extent = Extent.Of(samples, channels, 1, pixels);
        _softmax.Forward(
            channels, pixels, samples, log, Operand.Samples(Operation, "x", x, extent), Operand.Samples(Operation, "y", y, extent));
    }

    public override void SoftmaxBackward(int channels, int pixels, int samples, bool log, Tensor y, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
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

    public override void SquaredError(float factor, long elements, int samples, Tensor y, Tensor target, Tensor loss, Tensor correct, Tensor dx)
    {
        const string Operation = nameof(SquaredError);
        GeometryChecks.CheckElements(Operation, elements, samples);
        var extent = Extent.Of(samples, elements);
        _squaredError.Execute(
            factor,
            elements,
            samples,
            Operand.Samples(Operation, "y", y, extent),
            Operand.Samples(Operation, "target", target, extent),
            Operand.Address(Operation, "loss", loss, Extent.Of(samples)),
            Operand.Address(Operation, "correct", correct, Extent.Of(samples)),
            Operand.SamplesOrNone(Operation, "dx", dx, extent));
    }

    public override float SquaredNorm(Tensor values) =>
        _squaredNorm.Execute(values.Elements, Operand.Address(nameof(SquaredNorm), "values", values, Extent.Of(values.Elements)));
}
