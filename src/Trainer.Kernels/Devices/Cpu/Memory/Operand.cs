using Trainer.Kernels.Devices.Operands;

namespace Trainer.Kernels.Devices.Cpu.Memory;

/// <summary>Turns the tensors of a call into addresses once they are known to be big enough, in this device's memory, and alive.</summary>
internal static unsafe class Operand
{
    /// <exception cref="ArgumentException">The tensor is empty, of another device, too small, or reaches beyond its memory.</exception>
    /// <exception cref="ObjectDisposedException">Its memory was given back.</exception>
    public static float* Address(string operation, string operand, Tensor tensor, Extent expected)
    {
        var memory = OperandChecks.Check<CpuMemory>(operation, operand, tensor, expected, "this CPU's");
        return memory.Pointer + tensor.Offset;
    }

    /// <summary>As <see cref="Address"/>, but null for an operand that is left out.</summary>
    public static float* AddressOrNull(string operation, string operand, Tensor tensor, Extent expected) =>
        tensor.IsEmpty ? null : Address(operation, operand, tensor, expected);

    /// <summary>The samples of an activation or its gradient, (samples, ...) as <paramref name="expected"/> says, which may be a stride apart.</summary>
    /// <exception cref="ArgumentException">As <see cref="Address"/>; or samples overlap.</exception>
    public static SampleRows Samples(string operation, string operand, Tensor tensor, Extent expected)
    {
        var (span, stride) = OperandChecks.Span(operation, operand, tensor, expected);
        return new SampleRows(Address(operation, operand, tensor, span), stride);
    }

    /// <summary>As <see cref="Samples"/>, but left out for an operand that is.</summary>
    public static SampleRows SamplesOrNone(string operation, string operand, Tensor tensor, Extent expected) =>
        tensor.IsEmpty ? default : Samples(operation, operand, tensor, expected);

    /// <param name="expected">Shape of the operation's output.</param>
    public static OutputSteps Steps(string operation, in OutputEpilogue epilogue, Extent expected)
    {
        OperandChecks.CheckKind(operation, epilogue.Activation);
        return new OutputSteps(epilogue.Activation, SamplesOrNone(operation, "the epilogue's addend", epilogue.Addend, expected));
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

    /// <summary>The address of the activation output that a derivative is taken from; null without an activation.</summary>
    public static float* Derivative(string operation, in GradientEpilogue epilogue, Extent expected) =>
        epilogue.Activation.IsNone ? null : Address(operation, "the epilogue's output", epilogue.Output, expected);
}
