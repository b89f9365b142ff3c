using Trainer.Kernels.Devices.Cpu.Losses;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Devices.Operands;

namespace Trainer.Kernels.Devices.Cpu;

/// <summary>Losses.</summary>
internal sealed unsafe class CpuLosses<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ILosses
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private readonly CrossEntropyWork<TSimd, TVector> _softmaxCrossEntropy = new(team, scratch);
    private readonly SquaredErrorWork<TSimd, TVector> _squaredError = new(team);
    private readonly BinaryCrossEntropyWork<TSimd, TVector> _binaryCrossEntropy = new(team);

    public void SoftmaxCrossEntropy(
        in CrossEntropyOptions options, int classes, int samples, Tensor logits, Tensor labels, Tensor loss, Tensor correct, Tensor dx)
    {
        const string Operation = nameof(SoftmaxCrossEntropy);
        var labelValues = (int*)Operand.Address(Operation, "labels", labels, Extent.Of(samples));
        GeometryChecks.CheckLabels(Operation, classes, samples, new ReadOnlySpan<int>(labelValues, samples), options.IgnoreIndex);
        var others = (int*)Operand.AddressOrNull(Operation, "the options' other labels", options.OtherLabels, Extent.Of(samples));
        if (others != null)
        {
            GeometryChecks.CheckLabels(Operation, classes, samples, new ReadOnlySpan<int>(others, samples), null);
        }

        var extent = Extent.Of(samples, classes);
        _softmaxCrossEntropy.Execute(
            options,
            Operand.AddressOrNull(Operation, "the options' class weights", options.ClassWeights, Extent.Of(classes)),
            classes,
            samples,
            Operand.Samples(Operation, "logits", logits, extent),
            labelValues,
            others,
            Operand.Address(Operation, "loss", loss, Extent.Of(samples)),
            Operand.Address(Operation, "correct", correct, Extent.Of(samples)),
            Operand.SamplesOrNone(Operation, "dx", dx, extent));
    }

    public void SquaredError(in LossFactors factors, long elements, int samples, Tensor y, Tensor target, Tensor loss, Tensor correct, Tensor dx)
    {
        const string Operation = nameof(SquaredError);
        GeometryChecks.CheckElements(Operation, elements, samples);
        var extent = Extent.Of(samples, elements);
        _squaredError.Execute(
            factors,
            elements,
            samples,
            Operand.Samples(Operation, "y", y, extent),
            Operand.Samples(Operation, "target", target, extent),
            Operand.Address(Operation, "loss", loss, Extent.Of(samples)),
            Operand.Address(Operation, "correct", correct, Extent.Of(samples)),
            Operand.SamplesOrNone(Operation, "dx", dx, extent));
    }

    public void BinaryCrossEntropy(
        in LossFactors factors, long elements, int samples, Tensor weights, Tensor positiveWeights, Tensor logits, Tensor target, Tensor loss, Tensor correct, Tensor dx)
    {
        const string Operation = nameof(BinaryCrossEntropy);
        GeometryChecks.CheckElements(Operation, elements, samples);
        var extent = Extent.Of(samples, elements);
        _binaryCrossEntropy.Execute(
            factors,
            elements,
            samples,
            Operand.Address(Operation, "weights", weights, Extent.Of(elements)),
            Operand.Address(Operation, "positive weights", positiveWeights, Extent.Of(elements)),
            Operand.Samples(Operation, "logits", logits, extent),
            Operand.Samples(Operation, "target", target, extent),
            Operand.Address(Operation, "loss", loss, Extent.Of(samples)),
            Operand.Address(Operation, "correct", correct, Extent.Of(samples)),
            Operand.SamplesOrNone(Operation, "dx", dx, extent));
    }
}
