using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Gpu;

/// <summary>A CUDA device whose products run on its tensor cores in TF32: the same kernels with other tiles, in the same order of pieces and trees.</summary>
internal sealed class TensorCoreDevice(GpuDevice device) : DelegatingDevice(device)
{
    private const ComputePrecision Precision = ComputePrecision.Tf32;

    public override string Description => $"{base.Description}, TF32 on tensor cores";

    public override string NumericsId => $"{Numerics.Id}+tf32";

    public override void Conv2dForward(in Conv2dGeometry g, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y) =>
        device.Conv2dForward(Precision, g, samples, x, w, b, epilogue, y);

    public override void Conv2dBackwardData(in Conv2dGeometry g, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx) =>
        device.Conv2dBackwardData(Precision, g, samples, dy, w, epilogue, dx);

    public override void Conv2dBackwardWeights(
        in Conv2dGeometry g, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db) =>
        device.Conv2dBackwardWeights(Precision, g, slice, x, dy, dw, db);

    public override void LinearForward(int inputs, int outputs, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y) =>
        device.LinearForward(Precision, inputs, outputs, samples, x, w, b, epilogue, y);

    public override void LinearBackwardData(int inputs, int outputs, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx) =>
        device.LinearBackwardData(Precision, inputs, outputs, samples, dy, w, epilogue, dx);

    public override void LinearBackwardWeights(
        int inputs, int outputs, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db) =>
        device.LinearBackwardWeights(Precision, inputs, outputs, slice, x, dy, dw, db);
}
