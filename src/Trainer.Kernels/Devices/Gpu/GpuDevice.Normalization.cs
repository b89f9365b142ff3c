using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Gpu;

/// <summary>Normalisation.</summary>
internal sealed partial class GpuDevice
{
    public override void BatchNormForward(
        in BatchNormGeometry g, BatchSlice slice, Tensor x, Tensor weight, Tensor bias, Tensor saved,
        ReadOnlySpan<Tensor> meanSums, ReadOnlySpan<Tensor> varianceSums, in OutputEpilogue epilogue, Tensor y) =>
        throw new NotSupportedException(nameof(BatchNormForward));

    public override void BatchNormInference(
        in BatchNormGeometry g, int samples, Tensor x, Tensor weight, Tensor bias, Tensor mean, Tensor variance, in OutputEpilogue epilogue, Tensor y) =>
        throw new NotSupportedException(nameof(BatchNormInference));

    public override void BatchNormBackward(
        in BatchNormGeometry g, BatchSlice slice, Tensor x, Tensor dy, Tensor weight, Tensor saved,
        ReadOnlySpan<Tensor> dweight, ReadOnlySpan<Tensor> dbias, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException(nameof(BatchNormBackward));

    public override void GroupNormForward(
        in GroupNormGeometry g, int samples, Tensor x, Tensor weight, Tensor bias, Tensor saved, in OutputEpilogue epilogue, Tensor y) =>
        throw new NotSupportedException(nameof(GroupNormForward));

    public override void GroupNormBackward(
        in GroupNormGeometry g, BatchSlice slice, Tensor x, Tensor dy, Tensor weight, Tensor saved,
        ReadOnlySpan<Tensor> dweight, ReadOnlySpan<Tensor> dbias, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException(nameof(GroupNormBackward));
}
