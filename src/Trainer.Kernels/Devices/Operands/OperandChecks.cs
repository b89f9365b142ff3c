using Trainer.Kernels.Arithmetic;

namespace Trainer.Kernels.Devices.Operands;

/// <summary>Checks of a call's tensors that all devices make. Each failure names the operation, the operand, what it got and what it expected.</summary>
internal static class OperandChecks
{
    /// <summary>The memory of a tensor, once the tensor is known to be big enough and to lie in memory of this device.</summary>
    /// <param name="owner">Whose memory is expected, for the message.</param>
    /// <exception cref="ArgumentException">The tensor is empty, of another device, too small, or reaches beyond its memory.</exception>
    public static TMemory Check<TMemory>(string operation, string operand, Tensor tensor, Extent expected, string owner)
        where TMemory : DeviceMemory
    {
        if (tensor.IsEmpty)
        {
            throw new ArgumentException($"{operation}: {operand} is empty, {expected} needs {expected.Elements} elements.");
        }

        if (tensor.Memory is not TMemory memory)
        {
            throw new ArgumentException($"{operation}: {operand} is in memory of another device ({tensor.Memory.GetType().Name}), expected {owner}.");
        }

        if (tensor.Elements < expected.Elements)
        {
            throw new ArgumentException($"{operation}: {operand} has {tensor.Elements} elements, {expected} needs {expected.Elements}.");
        }

        if (tensor.Offset < 0 || tensor.Offset + tensor.Elements > memory.Elements)
        {
            throw new ArgumentException(
                $"{operation}: {operand} covers elements [{tensor.Offset}, {tensor.Offset + tensor.Elements}), its memory has {memory.Elements}.");
        }

        return memory;
    }

    /// <summary>What the samples of an activation cover from the first to the last, and the elements from one to the next.</summary>
    /// <exception cref="ArgumentException">Samples overlap, or the tensor ends before the last one.</exception>
    public static (Extent Span, long Stride) Span(string operation, string operand, Tensor tensor, Extent expected)
    {
        var elements = expected.Elements / Math.Max(1, expected.A);
        var stride = tensor.StrideOf(elements);
        if (stride < elements)
        {
            throw new ArgumentException($"{operation}: samples of {operand} start every {stride} elements, {expected} has {elements} in each.");
        }

        var span = expected.A == 0 ? 0 : checked(((expected.A - 1) * stride) + elements);
        if (tensor.SampleStride != 0 && !tensor.IsEmpty && tensor.Elements < span)
        {
            throw new ArgumentException(
                $"{operation}: {operand} has {tensor.Elements} elements, {expected} with samples every {stride} needs {span}.");
        }

        return (tensor.SampleStride == 0 ? expected : Extent.Of(span), stride);
    }

    public static void CheckKind(string operation, Activation activation)
    {
        if (!Enum.IsDefined(activation.Kind))
        {
            throw new ArgumentException($"{operation}: activation {(int)activation.Kind}, expected one of ActivationKind.");
        }
    }

    public static void CheckDerivative(string operation, in GradientEpilogue epilogue)
    {
        CheckKind(operation, epilogue.Activation);
        if (!epilogue.Activation.IsNone && !epilogue.Activation.HasDerivativeOfOutput)
        {
            throw new ArgumentException(
                $"{operation}: the epilogue's activation is {epilogue.Activation.Kind}, expected one whose derivative follows from its output.");
        }
    }
}
