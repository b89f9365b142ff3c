using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Gpu;

/// <summary>Convolutions and linear layers.</summary>
internal sealed partial class GpuDevice
{
    public override void Conv2dForward(in Conv2dGeometry g, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y) =>
        throw new NotSupportedException(nameof(Conv2dForward));

    public override void Conv2dBackwardData(in Conv2dGeometry g, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException(nameof(Conv2dBackwardData));

    public override void Conv2dBackwardWeights(
        in Conv2dGeometry g, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db) =>
        throw new NotSupportedException(nameof(Conv2dBackwardWeights));

    public override void LinearForward(int inputs, int outputs, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y) =>
        throw new NotSupportedException(nameof(LinearForward));

    public override void LinearBackwardData(int inputs, int outputs, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException(nameof(LinearBackwardData));

    public override void LinearBackwardWeights(
        int inputs, int outputs, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db) =>
        throw new NotSupportedException(nameof(LinearBackwardWeights));
}
