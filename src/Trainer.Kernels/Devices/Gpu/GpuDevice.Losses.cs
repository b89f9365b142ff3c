namespace Trainer.Kernels.Devices.Gpu;

/// <summary>Losses.</summary>
internal sealed partial class GpuDevice
{
    public override void SoftmaxCrossEntropy(
        in CrossEntropyOptions options, int classes, int samples, Tensor logits, Tensor labels, Tensor loss, Tensor correct, Tensor dx) =>
        throw new NotSupportedException(nameof(SoftmaxCrossEntropy));

    public override void SquaredError(float factor, long elements, int samples, Tensor y, Tensor target, Tensor loss, Tensor correct, Tensor dx) =>
        throw new NotSupportedException(nameof(SquaredError));
}
