using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices;

/// <summary>A device that is another one, but for what a derived class does otherwise. It owns nothing: memory and threads go with the other.</summary>
internal abstract class DelegatingDevice(Device device) : Device
{
    public override string Name => device.Name;

    public override string Description => device.Description;

    public override int Threads => device.Threads;

    public override string NumericsId => device.NumericsId;

    public override long? AvailableMemory => device.AvailableMemory;

    public override long AllocatedMemory => device.AllocatedMemory;

    public override void Dispose()
    {
    }

    public override bool CanCompute(ComputePrecision precision) => device.CanCompute(precision);

    public override Device ForCompute(ComputePrecision precision) => device.ForCompute(precision);

    public override DeviceMemory Allocate(long elements) => device.Allocate(elements);

    public override void Upload(Tensor tensor) => device.Upload(tensor);

    public override void Download(Tensor tensor) => device.Download(tensor);

    public override DeviceMark Mark() => device.Mark();

    public override bool IsReached(DeviceMark mark) => device.IsReached(mark);

    public override void Wait(DeviceMark mark) => device.Wait(mark);

    public override void Synchronize() => device.Synchronize();

    public override void Clear(Tensor tensor) => device.Clear(tensor);

    public override void Conv2dForward(in Conv2dGeometry g, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y) =>
        device.Conv2dForward(g, samples, x, w, b, epilogue, y);

    public override void Conv2dBackwardData(in Conv2dGeometry g, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx) =>
        device.Conv2dBackwardData(g, samples, dy, w, epilogue, dx);

    public override void Conv2dBackwardWeights(in Conv2dGeometry g, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db) =>
        device.Conv2dBackwardWeights(g, slice, x, dy, dw, db);

    public override void LinearForward(int inputs, int outputs, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y) =>
        device.LinearForward(inputs, outputs, samples, x, w, b, epilogue, y);

    public override void LinearBackwardData(int inputs, int outputs, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx) =>
        device.LinearBackwardData(inputs, outputs, samples, dy, w, epilogue, dx);

    public override void LinearBackwardWeights(
        int inputs, int outputs, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db) =>
        device.LinearBackwardWeights(inputs, outputs, slice, x, dy, dw, db);

    public override void MaxPool2dForward(in Pool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y, Tensor chosen) =>
        device.MaxPool2dForward(g, samples, x, epilogue, y, chosen);

    public override void MaxPool2dBackward(in Pool2dGeometry g, int samples, Tensor dy, Tensor chosen, in GradientEpilogue epilogue, Tensor dx) =>
        device.MaxPool2dBackward(g, samples, dy, chosen, epilogue, dx);

    public override void AvgPool2dForward(in Pool2dGeometry g, bool countIncludePad, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y) =>
        device.AvgPool2dForward(g, countIncludePad, samples, x, epilogue, y);

    public override void AvgPool2dBackward(in Pool2dGeometry g, bool countIncludePad, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        device.AvgPool2dBackward(g, countIncludePad, samples, dy, epilogue, dx);

    public override void AdaptiveAvgPool2dForward(in AdaptivePool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y) =>
        device.AdaptiveAvgPool2dForward(g, samples, x, epilogue, y);

    public override void AdaptiveAvgPool2dBackward(in AdaptivePool2dGeometry g, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        device.AdaptiveAvgPool2dBackward(g, samples, dy, epilogue, dx);

    public override void AdaptiveMaxPool2dForward(in AdaptivePool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y, Tensor chosen) =>
        device.AdaptiveMaxPool2dForward(g, samples, x, epilogue, y, chosen);

    public override void AdaptiveMaxPool2dBackward(
        in AdaptivePool2dGeometry g, int samples, Tensor dy, Tensor chosen, in GradientEpilogue epilogue, Tensor dx) =>
        device.AdaptiveMaxPool2dBackward(g, samples, dy, chosen, epilogue, dx);

    public override void BatchNormForward(
        in BatchNormGeometry g, BatchSlice slice, Tensor x, Tensor weight, Tensor bias, Tensor saved,
        ReadOnlySpan<Tensor> meanSums, ReadOnlySpan<Tensor> varianceSums, in OutputEpilogue epilogue, Tensor y) =>
        device.BatchNormForward(g, slice, x, weight, bias, saved, meanSums, varianceSums, epilogue, y);

    public override void BatchNormInference(
        in BatchNormGeometry g, int samples, Tensor x, Tensor weight, Tensor bias, Tensor mean, Tensor variance, in OutputEpilogue epilogue, Tensor y) =>
        device.BatchNormInference(g, samples, x, weight, bias, mean, variance, epilogue, y);

    public override void BatchNormBackward(
        in BatchNormGeometry g, BatchSlice slice, Tensor x, Tensor dy, Tensor weight, Tensor saved,
        ReadOnlySpan<Tensor> dweight, ReadOnlySpan<Tensor> dbias, in GradientEpilogue epilogue, Tensor dx) =>
        device.BatchNormBackward(g, slice, x, dy, weight, saved, dweight, dbias, epilogue, dx);

    public override void GroupNormForward(
        in GroupNormGeometry g, int samples, Tensor x, Tensor weight, Tensor bias, Tensor saved, in OutputEpilogue epilogue, Tensor y) =>
        device.GroupNormForward(g, samples, x, weight, bias, saved, epilogue, y);

    public override void GroupNormBackward(
        in GroupNormGeometry g, BatchSlice slice, Tensor x, Tensor dy, Tensor weight, Tensor saved,
        ReadOnlySpan<Tensor> dweight, ReadOnlySpan<Tensor> dbias, in GradientEpilogue epilogue, Tensor dx) =>
        device.GroupNormBackward(g, slice, x, dy, weight, saved, dweight, dbias, epilogue, dx);

    public override void ActivationForward(Activation activation, long elements, int samples, Tensor x, Tensor y) =>
        device.ActivationForward(activation, elements, samples, x, y);

    public override void ActivationBackward(
        Activation activation, long elements, int samples, Tensor source, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        device.ActivationBackward(activation, elements, samples, source, dy, epilogue, dx);

    public override void Add(long elements, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y) =>
        device.Add(elements, samples, x, epilogue, y);

    public override void AddBackward(long elements, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        device.AddBackward(elements, samples, dy, epilogue, dx);

    public override void DropoutForward(in DropoutDraw draw, int channels, int pixels, BatchSlice slice, Tensor x, Tensor y) =>
        device.DropoutForward(draw, channels, pixels, slice, x, y);

    public override void DropoutBackward(
        in DropoutDraw draw, int channels, int pixels, BatchSlice slice, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        device.DropoutBackward(draw, channels, pixels, slice, dy, epilogue, dx);

    public override void SoftmaxForward(int channels, int pixels, int samples, bool log, Tensor x, Tensor y) =>
        device.SoftmaxForward(channels, pixels, samples, log, x, y);

    public override void SoftmaxBackward(int channels, int pixels, int samples, bool log, Tensor y, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        device.SoftmaxBackward(channels, pixels, samples, log, y, dy, epilogue, dx);

    public override void SoftmaxCrossEntropy(
        in CrossEntropyOptions options, int classes, int samples, Tensor logits, Tensor labels, Tensor loss, Tensor correct, Tensor dx) =>
        device.SoftmaxCrossEntropy(options, classes, samples, logits, labels, loss, correct, dx);

    public override void SquaredError(float factor, long elements, int samples, Tensor y, Tensor target, Tensor loss, Tensor correct, Tensor dx) =>
        device.SquaredError(factor, elements, samples, y, target, loss, correct, dx);

    public override bool Divide(Tensor values, float divisor) => device.Divide(values, divisor);

    public override bool RoundToBfloat16(Tensor values) => device.RoundToBfloat16(values);

    public override float SquaredNorm(Tensor values) => device.SquaredNorm(values);

    public override void Update(
        ReadOnlySpan<UpdateRun> runs, float scale, Tensor total, ReadOnlySpan<Tensor> before, ReadOnlySpan<Tensor> after, Span<ulong> hashes) =>
        device.Update(runs, scale, total, before, after, hashes);

    public override void Hash(Tensor values, Span<ulong> hashes) => device.Hash(values, hashes);
}
