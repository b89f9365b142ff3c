namespace Trainer.Kernels.Data.Jpeg;

/// <summary>The steps that coefficients are multiples of, in the order that they are coded in.</summary>
internal sealed class QuantTable
{
    public const int Length = 64;

    /// <summary>Behind the last coefficient, for what would lie there: as far as the end of a block at its last coefficient passes over.</summary>
    private const int Beyond = HuffmanTable.EndOfBlock + 1;

    /// <summary>Where a coefficient lies in its block's rows (T.81, figure A.6); behind the last one a place that nobody reads.</summary>
    public static ReadOnlySpan<byte> Places => AllPlaces;

    private static readonly byte[] AllPlaces =
    [
        0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
        35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
        .. Enumerable.Repeat((byte)Length, Beyond),
    ];

    public int[] Steps { get; } = new int[Length + Beyond];

    public bool IsSet { get; private set; }

    /// <param name="steps">64, in their order.</param>
    public void Set(ReadOnlySpan<byte> steps)
    {
        for (var i = 0; i < Length; i++)
        {
            Steps[i] = steps[i];
        }

        IsSet = true;
    }

    public void Clear() => IsSet = false;
}
