namespace Trainer.Kernels.Devices.Gpu;

/// <summary>Pooling.</summary>
internal sealed partial class GpuDevice
{
    public override void MaxPool2dForward(in Pool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y, Tensor chosen) =>
        throw new NotSupportedException(nameof(MaxPool2dForward));

    public override void MaxPool2dBackward(in Pool2dGeometry g, int samples, Tensor dy, Tensor chosen, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException(nameof(MaxPool2dBackward));

    public override void AvgPool2dForward(in Pool2dGeometry g, bool countIncludePad, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y) =>
        throw new NotSupportedException(nameof(AvgPool2dForward));

    public override void AvgPool2dBackward(in Pool2dGeometry g, bool countIncludePad, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException(nameof(AvgPool2dBackward));

    public override void AdaptiveAvgPool2dForward(in AdaptivePool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y) =>
        throw new NotSupportedException(nameof(AdaptiveAvgPool2dForward));

    public override void AdaptiveAvgPool2dBackward(in AdaptivePool2dGeometry g, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException(nameof(AdaptiveAvgPool2dBackward));

    public override void AdaptiveMaxPool2dForward(in AdaptivePool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y, Tensor chosen) =>
        throw new NotSupportedException(nameof(AdaptiveMaxPool2dForward));

    public override void AdaptiveMaxPool2dBackward(in AdaptivePool2dGeometry g, int samples, Tensor dy, Tensor chosen, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException(nameof(AdaptiveMaxPool2dBackward));
}
