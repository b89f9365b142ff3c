using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Memory;

namespace Trainer.Kernels.Devices.Cpu.Gemm;

/// <summary>
/// What a call does to each finished dot product v on its way to memory, each step rounded: forward activation(v + bias + addend), on the
/// way back (v + addend) x f'(output).
/// </summary>
internal readonly unsafe struct Finish
{
    private Finish(Activation activation, float* bias, SampleRows addend, SampleRows output, bool isGradient)
    {
        (Activation, Addend, Output, IsGradient) = (activation, addend, output, isGradient);
        Bias = bias;
    }

    public Activation Activation { get; }

    /// <summary>One per channel or output; null for none.</summary>
    public float* Bias { get; }

    public SampleRows Addend { get; }

    public SampleRows Output { get; }

    /// <summary>Whether the activation's derivative is multiplied in, not the activation applied.</summary>
    public bool IsGradient { get; }

    public static Finish Of(float* bias, OutputSteps steps) => new(steps.Activation, bias, steps.Addend, default, false);

    public static Finish Of(GradientSteps steps) => new(steps.Activation, null, steps.Addend, steps.Output, true);

    /// <summary>The same up to the activation, which is applied to what was written.</summary>
    public Finish WithoutActivation() => new(Activation.None, Bias, Addend, Output, IsGradient);

    /// <summary>The same for the channels from one on, whose elements begin at <paramref name="element"/> of each sample.</summary>
    public Finish From(int channel, long element) =>
        new(Activation, Bias == null ? null : Bias + channel, Addend.From(element), Output.From(element), IsGradient);

    /// <summary>The operands of outputs that begin at an element of a sample.</summary>
    /// <param name="prior">Blocks of 512 k that are added first; null for none.</param>
    /// <param name="priorStride">Elements between its rows.</param>
    public FinishPlace At(long sample, long element, float* bias, float* prior, int priorStride) => new()
    {
        Prior = prior,
        PriorStride = priorStride,
        Bias = bias,
        Addend = Addend.At(sample, element),
        Output = Output.At(sample, element),
    };
}

/// <summary>The operands of <see cref="Finish"/> at one place; null pointers stand for steps left out.</summary>
internal unsafe struct FinishPlace
{
    public float* Prior;
    public nint PriorStride;

    /// <summary>One value for all outputs of a row, or one per column.</summary>
    public float* Bias;
    public float* Addend;
    public float* Output;
}
