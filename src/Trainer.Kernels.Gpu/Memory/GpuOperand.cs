using ILGPU;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Operands;

namespace Trainer.Kernels.Gpu.Memory;

/// <summary>The samples of an activation on the device: elements of one sample are neighbours, samples are a stride apart.</summary>
/// <param name="Elements">Has length 0 for a tensor that is left out.</param>
internal readonly record struct SampleRows(ArrayView<float> Elements, long Stride)
{
    public bool IsEmpty => Elements.Length == 0;

    public float this[long sample, long element]
    {
        get => Elements[(sample * Stride) + element];
        set => Elements[(sample * Stride) + element] = value;
    }
}

/// <summary>Turns the tensors of a call into views once they are known to be big enough, in a GPU's memory, and alive.</summary>
internal static class GpuOperand
{
    /// <exception cref="ArgumentException">As <see cref="OperandChecks.Check"/>.</exception>
    public static ArrayView<float> View(string operation, string operand, Tensor tensor, Extent expected)
    {
        var memory = OperandChecks.Check<GpuMemory>(operation, operand, tensor, expected, "this GPU's");
        return memory.View.SubView(tensor.Offset, tensor.Elements);
    }

    /// <summary>As <see cref="View"/>, but without elements for an operand that is left out.</summary>
    public static ArrayView<float> ViewOrNone(string operation, string operand, Tensor tensor, Extent expected) =>
        tensor.IsEmpty ? default : View(operation, operand, tensor, expected);

    /// <summary>The samples of an activation or its gradient, (samples, ...) as <paramref name="expected"/> says, which may be a stride apart.</summary>
    public static SampleRows Samples(string operation, string operand, Tensor tensor, Extent expected)
    {
        var (span, stride) = OperandChecks.Span(operation, operand, tensor, expected);
        return new SampleRows(View(operation, operand, tensor, span), stride);
    }

    /// <summary>As <see cref="Samples"/>, but left out for an operand that is.</summary>
    public static SampleRows SamplesOrNone(string operation, string operand, Tensor tensor, Extent expected) =>
        tensor.IsEmpty ? default : Samples(operation, operand, tensor, expected);

    /// <param name="expected">Shape of the operation's output.</param>
    public static OutputSteps Steps(string operation, in OutputEpilogue epilogue, Extent expected)
    {
        OperandChecks.CheckKind(operation, epilogue.Activation);
        return new OutputSteps(
            epilogue.Activation,
            SamplesOrNone(operation, "the epilogue's addend", epilogue.Addend, expected));
    }

    /// <param name="expected">Shape of the operation's input gradient.</param>
    public static GradientSteps Steps(string operation, in GradientEpilogue epilogue, Extent expected)
    {
        OperandChecks.CheckDerivative(operation, epilogue);
        return new GradientSteps(
            epilogue.Activation,
            epilogue.Activation.IsNone ? default : Samples(operation, "the epilogue's output", epilogue.Output, expected),
            SamplesOrNone(operation, "the epilogue's addend", epilogue.Addend, expected));
    }
}
