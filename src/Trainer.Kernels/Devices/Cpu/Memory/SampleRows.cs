using Trainer.Kernels.Arithmetic;

namespace Trainer.Kernels.Devices.Cpu.Memory;

/// <summary>The samples of an activation in memory: elements of one sample are neighbours, samples are a stride apart.</summary>
/// <param name="first">Null for a tensor that is left out.</param>
internal readonly unsafe struct SampleRows(float* first, long stride)
{
    public float* First { get; } = first;

    public long Stride { get; } = stride;

    public bool IsEmpty => First == null;

    /// <summary>Whether samples of this size follow one another; also true of what is left out.</summary>
    public bool IsDense(long elements) => First == null || Stride == elements;

    /// <summary>Element <paramref name="element"/> of a sample; null for a tensor that is left out.</summary>
    public float* At(long sample, long element) => First == null ? null : First + (sample * Stride) + element;

    /// <summary>The runs that begin at an element of each sample, e.g. at a later channel.</summary>
    public SampleRows From(long element) => new(At(0, element), Stride);
}

/// <summary>An <see cref="OutputEpilogue"/> whose tensors are addresses.</summary>
internal readonly struct OutputSteps(Activation activation, SampleRows addend)
{
    public Activation Activation { get; } = activation;

    public SampleRows Addend { get; } = addend;

    public bool IsNone => Activation.IsNone && Addend.IsEmpty;
}

/// <summary>A <see cref="GradientEpilogue"/> whose tensors are addresses. The output is left out without an activation.</summary>
internal readonly struct GradientSteps(Activation activation, SampleRows output, SampleRows addend)
{
    public Activation Activation { get; } = activation;

    public SampleRows Output { get; } = output;

    public SampleRows Addend { get; } = addend;

    public bool IsNone => Activation.IsNone && Addend.IsEmpty;
}
