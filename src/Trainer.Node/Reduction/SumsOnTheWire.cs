using System.Runtime.InteropServices;
using Trainer.Kernels.Training;

namespace Trainer.Node.Reduction;

/// <summary>A batch's <see cref="PassSums"/> as a frame carries them.</summary>
internal static class SumsOnTheWire
{
    /// <summary>Length in float32 words: five float64.</summary>
    public const int Words = 10;

    public static PassSums Read(ReadOnlySpan<float> words)
    {
        var values = MemoryMarshal.Cast<float, double>(words);
        return new PassSums(values[0], values[1], (long)values[2], (long)values[3], (long)values[4]);
    }

    public static void Write(in PassSums sums, Span<float> words)
    {
        var values = MemoryMarshal.Cast<float, double>(words);
        (values[0], values[1], values[2], values[3], values[4]) = (sums.Loss, sums.Weight, sums.Correct, sums.Counted, sums.Samples);
    }
}
