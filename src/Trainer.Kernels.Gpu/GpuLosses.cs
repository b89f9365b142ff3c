using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Losses;
using Trainer.Kernels.Gpu.Memory;

namespace Trainer.Kernels.Gpu;

/// <summary>Losses.</summary>
internal sealed class GpuLosses(GpuQueue queue) : GpuFamily(queue), ILosses
{
    /// <summary>What no sample has where none is ignored.</summary>
    private const int NoLabel = int.MinValue;

    public void SoftmaxCrossEntropy(
        in CrossEntropyOptions options, int classes, int samples, Tensor logits, Tensor labels, Tensor loss, Tensor correct, Tensor dx)
    {
        const string Operation = nameof(SoftmaxCrossEntropy);
        var labelValues = GpuOperand.View(Operation, "labels", labels, Extent.Of(samples)).Cast<int>();
        GeometryChecks.CheckLabels(Operation, classes, samples, labels.HostInts, options.IgnoreIndex);
        var extent = Extent.Of(samples, classes);
        var weights = GpuOperand.ViewOrNone(Operation, "the options' class weights", options.ClassWeights, Extent.Of(classes));
        var others = GpuOperand.ViewOrNone(Operation, "the options' other labels", options.OtherLabels, Extent.Of(samples)).Cast<int>();
        if (others.Length > 0)
        {
            GeometryChecks.CheckLabels(Operation, classes, samples, options.OtherLabels.HostInts, null);
        }

        var arguments = new CrossEntropy(
            classes,
            options.IgnoreIndex ?? NoLabel,
            1 - options.LabelSmoothing,
            options.LabelSmoothing / classes,
            weights,
            default,
            GpuOperand.Samples(Operation, "logits", logits, extent),
            labelValues,
            others,
            others.Length > 0 ? options.Shares : new LabelShares(1, 0),
            GpuOperand.View(Operation, "loss", loss, Extent.Of(samples)),
            GpuOperand.View(Operation, "correct", correct, Extent.Of(samples)),
            GpuOperand.SamplesOrNone(Operation, "dx", dx, extent));
        if (weights.Length > 0)
        {
            arguments = arguments with { WeightSum = Scratch.Take(1) };
            Launch(LossKernels.SumWeights, 1, ThreadGroup.OfRow(classes), new ClassWeightSum(classes, weights, arguments.WeightSum));
        }

        Launch(LossKernels.SoftmaxCrossEntropy, samples, ThreadGroup.OfRow(classes), arguments);
    }

    public void SquaredError(
        in LossFactors factors, long elements, int samples, Tensor y, Tensor target, Tensor loss, Tensor correct, Tensor dx)
    {
        const string Operation = nameof(SquaredError);
        GeometryChecks.CheckElements(Operation, elements, samples);
        var extent = Extent.Of(samples, elements);
        LaunchThreads(LossKernels.SquaredError, samples * (long)LossKernels.Lanes, new SquaredDifferences(
            factors,
            checked((int)elements),
            samples,
            GpuOperand.Samples(Operation, "y", y, extent),
            GpuOperand.Samples(Operation, "target", target, extent),
            GpuOperand.View(Operation, "loss", loss, Extent.Of(samples)),
            GpuOperand.View(Operation, "correct", correct, Extent.Of(samples)),
            GpuOperand.SamplesOrNone(Operation, "dx", dx, extent)));
    }

    public void BinaryCrossEntropy(
        in LossFactors factors, long elements, int samples, Tensor weights, Tensor positiveWeights, Tensor logits, Tensor target, Tensor loss, Tensor correct, Tensor dx)
    {
        const string Operation = nameof(BinaryCrossEntropy);
        GeometryChecks.CheckElements(Operation, elements, samples);
        var extent = Extent.Of(samples, elements);
        LaunchThreads(BinaryCrossEntropyKernels.OfSamples, samples * (long)BinaryCrossEntropyKernels.Lanes, new BinaryCrossEntropies(
            factors,
            checked((int)elements),
            samples,
            GpuOperand.View(Operation, "weights", weights, Extent.Of(elements)),
            GpuOperand.View(Operation, "positive weights", positiveWeights, Extent.Of(elements)),
            GpuOperand.Samples(Operation, "logits", logits, extent),
            GpuOperand.Samples(Operation, "target", target, extent),
            GpuOperand.View(Operation, "loss", loss, Extent.Of(samples)),
            GpuOperand.View(Operation, "correct", correct, Extent.Of(samples)),
            GpuOperand.SamplesOrNone(Operation, "dx", dx, extent)));
    }
}
