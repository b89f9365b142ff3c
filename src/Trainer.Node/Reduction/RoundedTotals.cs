using System.Runtime.InteropServices;
using Trainer.Kernels.Arithmetic;

namespace Trainer.Node.Reduction;

/// <summary>Totals that their owners round to bfloat16 before anybody, they included, gets them. Chunks that are rounded as a whole travel in two bytes an element.</summary>
/// <param name="elements">Elements of the total that are rounded, from the first on: what lies behind them is state.</param>
internal sealed class RoundedTotals(int elements, AllReducePlan plan, int rank)
{
    /// <summary>Of own chunks, what travels; a total stays there until the next step.</summary>
    private readonly float[]?[] _packed = [.. Enumerable.Range(0, plan.Chunks).Select(chunk =>
        plan.Owner((uint)chunk) == rank && IsPacked(plan, elements, chunk) ? new float[Words(plan.Extent(chunk).Length)] : null)];

    /// <summary>Whether a chunk's total travels in two bytes an element.</summary>
    public bool IsPacked(int chunk) => IsPacked(plan, elements, chunk);

    /// <summary>Float32 words of a total on its way.</summary>
    public int WordsOf(int chunk) => IsPacked(chunk) ? Words(plan.Extent(chunk).Length) : plan.Extent(chunk).Length;

    /// <summary>How many elements of a chunk's total, from the first on, are rounded.</summary>
    public int CountOf(int chunk) => Math.Clamp(elements - plan.Extent(chunk).Offset, 0, plan.Extent(chunk).Length);

    /// <summary>An own chunk's rounded total as it travels.</summary>
    public ReadOnlyMemory<float> Pack(int chunk, ReadOnlySpan<float> total)
    {
        var packed = _packed[chunk]!;
        Bfloat16.Pack(total, MemoryMarshal.Cast<float, ushort>(packed.AsSpan()));
        return packed;
    }

    private static bool IsPacked(AllReducePlan plan, int elements, int chunk)
    {
        var (offset, length) = plan.Extent(chunk);
        return offset + length <= elements;
    }

    private static int Words(int length) => (length + 1) / 2;
}
