using ILGPU;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;

namespace Trainer.Kernels.Gpu.Memory;

/// <summary>An element of a sample.</summary>
internal readonly record struct Cell(long Sample, int Element);

/// <summary>A thread for each element of some samples, in order: neighbouring threads have neighbouring elements.</summary>
internal readonly struct SampleCells
{
    private readonly int _firstSample;
    private readonly FastDivisor _elements;

    private SampleCells(int firstSample, int samples, int elements) =>
        (_firstSample, Count, _elements) = (firstSample, checked(samples * elements), new FastDivisor(elements));

    /// <summary>Threads to launch.</summary>
    public int Count { get; }

    /// <summary>Whether the thread that runs has an element.</summary>
    public bool HasThis => Grid.GlobalIndex.X < Count;

    /// <summary>The element of the thread that runs.</summary>
    public Cell This
    {
        get
        {
            var thread = Grid.GlobalIndex.X;
            var sample = _elements.Quotient(thread);
            return new Cell(_firstSample + sample, thread - (sample * _elements.Divisor));
        }
    }

    /// <summary>All samples, as parts of less than 2^31 threads: one, nearly always.</summary>
    public static IEnumerable<SampleCells> Of(int samples, long elements)
    {
        const long Most = int.MaxValue - ThreadGroup.Size;
        if (elements > Most)
        {
            throw new NotSupportedException($"A sample of {elements} elements, a GPU takes at most {Most}.");
        }

        var run = (int)(Most / elements);
        for (var first = 0L; first < samples; first += run)
        {
            yield return new SampleCells((int)first, (int)Math.Min(run, samples - first), (int)elements);
        }
    }
}
