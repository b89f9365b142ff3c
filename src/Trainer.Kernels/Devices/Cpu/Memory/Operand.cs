namespace Trainer.Kernels.Devices.Cpu.Memory;

/// <summary>The shape that an operation expects of an operand, for checks that allocate only when they fail.</summary>
internal readonly record struct Extent(int Rank, long A, long B = 1, long C = 1, long D = 1)
{
    public long Elements => checked(A * B * C * D);

    public static Extent Of(long a) => new(1, a);

    public static Extent Of(long a, long b) => new(2, a, b);

    public static Extent Of(long a, long b, long c, long d) => new(4, a, b, c, d);

    public override string ToString() => Rank switch
    {
        1 => $"({A})",
        2 => $"({A},{B})",
        _ => $"({A},{B},{C},{D})",
    };
}

/// <summary>Turns the tensors of a call into addresses once they are known to be big enough, in this device's memory, and alive.</summary>
internal static unsafe class Operand
{
    /// <exception cref="ArgumentException">The tensor is empty, of another device, too small, or reaches beyond its memory.</exception>
    /// <exception cref="ObjectDisposedException">Its memory was given back.</exception>
    public static float* Address(string operation, string operand, Tensor tensor, Extent expected)
    {
        if (tensor.IsEmpty)
        {
            throw new ArgumentException($"{operation}: {operand} is empty, {expected} needs {expected.Elements} elements.");
        }

        if (tensor.Memory is not CpuMemory memory)
        {
            throw new ArgumentException($"{operation}: {operand} is in memory of another device ({tensor.Memory.GetType().Name}), expected this CPU's.");
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

        return memory.Pointer + tensor.Offset;
    }

    /// <summary>As <see cref="Address"/>, but null for an operand that is left out.</summary>
    public static float* AddressOrNull(string operation, string operand, Tensor tensor, Extent expected) =>
        tensor.IsEmpty ? null : Address(operation, operand, tensor, expected);

    /// <summary>The samples of an activation or its gradient, (samples, ...) as <paramref name="expected"/> says, which may be a stride apart.</summary>
    /// <exception cref="ArgumentException">As <see cref="Address"/>; or samples overlap.</exception>
    public static SampleRows Samples(string operation, string operand, Tensor tensor, Extent expected)
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

        return new SampleRows(Address(operation, operand, tensor, tensor.SampleStride == 0 ? expected : Extent.Of(span)), stride);
    }

    /// <summary>As <see cref="Samples"/>, but left out for an operand that is.</summary>
    public static SampleRows SamplesOrNone(string operation, string operand, Tensor tensor, Extent expected) =>
        tensor.IsEmpty ? default : Samples(operation, operand, tensor, expected);

    /// <param name="expected">Shape of the operation's output.</param>
    public static OutputSteps Steps(string operation, in OutputEpilogue epilogue, Extent expected)
    {
        CheckKind(operation, epilogue.Activation);
        return new OutputSteps(epilogue.Activation, SamplesOrNone(operation, "the epilogue's addend", epilogue.Addend, expected));
    }

    /// <param name="expected">Shape of the operation's input gradient.</param>
    public static GradientSteps Steps(string operation, in GradientEpilogue epilogue, Extent expected)
    {
        CheckKind(operation, epilogue.Activation);
        if (!epilogue.Activation.IsNone && !epilogue.Activation.HasDerivativeOfOutput)
        {
            throw new ArgumentException(
                $"{operation}: the epilogue's activation is {epilogue.Activation.Kind}, expected one whose derivative follows from its output.");
        }

        return new GradientSteps(
            epilogue.Activation,
            epilogue.Activation.IsNone ? default : Samples(operation, "the epilogue's output", epilogue.Output, expected),
            SamplesOrNone(operation, "the epilogue's addend", epilogue.Addend, expected));
    }

    public static void CheckKind(string operation, Activation activation)
    {
        if ((uint)activation.Kind > (uint)ActivationKind.Silu)
        {
            throw new ArgumentException($"{operation}: activation {(int)activation.Kind}, expected one of ActivationKind.");
        }
    }

    /// <summary>The address of the activation output that a derivative is taken from; null without an activation.</summary>
    public static float* Derivative(string operation, in GradientEpilogue epilogue, Extent expected) =>
        epilogue.Activation.IsNone ? null : Address(operation, "the epilogue's output", epilogue.Output, expected);
}
