using ILGPU.Runtime;
using Trainer.Kernels.Devices.Gpu.Kernels;
using Trainer.Kernels.Devices.Gpu.Memory;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Gpu;

/// <summary>Operations element by element.</summary>
internal sealed partial class GpuDevice
{
    public override void Clear(Tensor tensor)
    {
        var view = GpuOperand.View(nameof(Clear), "tensor", tensor, Extent.Of(tensor.Elements));
        if (tensor.Elements > 0)
        {
            _accelerator.Bind();
            view.MemSetToZero(_stream);
        }
    }

    public override void ActivationForward(Activation activation, long elements, int samples, Tensor x, Tensor y)
    {
        const string Operation = nameof(ActivationForward);
        GeometryChecks.CheckElements(Operation, elements, samples);
        var extent = Extent.Of(samples, elements);
        LaunchThreads(ElementwiseKernels.Forward, samples * elements, new ElementwiseForward(
            elements,
            samples,
            GpuOperand.Samples(Operation, "x", x, extent),
            GpuOperand.Steps(Operation, new OutputEpilogue(activation), extent),
            GpuOperand.Samples(Operation, "y", y, extent)));
    }

    public override void ActivationBackward(
        Activation activation, long elements, int samples, Tensor source, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException(nameof(ActivationBackward));

    public override void Add(long elements, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y) =>
        throw new NotSupportedException(nameof(Add));

    public override void AddBackward(long elements, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException(nameof(AddBackward));

    public override void DropoutForward(in DropoutDraw draw, int channels, int pixels, BatchSlice slice, Tensor x, Tensor y) =>
        throw new NotSupportedException(nameof(DropoutForward));

    public override void DropoutBackward(
        in DropoutDraw draw, int channels, int pixels, BatchSlice slice, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException(nameof(DropoutBackward));

    public override void SoftmaxForward(int channels, int pixels, int samples, bool log, Tensor x, Tensor y) =>
        throw new NotSupportedException(nameof(SoftmaxForward));

    public override void SoftmaxBackward(int channels, int pixels, int samples, bool log, Tensor y, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException(nameof(SoftmaxBackward));
}
