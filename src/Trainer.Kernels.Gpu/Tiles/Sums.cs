using Trainer.Kernels.Gpu.Arithmetic;

namespace Trainer.Kernels.Gpu.Tiles;

/// <summary>16 sums of a thread: of 4 rows and 4 columns, or of 4 fragments of a tensor core.</summary>
internal readonly struct Sums4x4(Float4 row0, Float4 row1, Float4 row2, Float4 row3)
{
    public readonly Float4 Row0 = row0;
    public readonly Float4 Row1 = row1;
    public readonly Float4 Row2 = row2;
    public readonly Float4 Row3 = row3;

    public static Sums4x4 Add(Sums4x4 a, Sums4x4 b) => new(
        Float4.Add(a.Row0, b.Row0), Float4.Add(a.Row1, b.Row1), Float4.Add(a.Row2, b.Row2), Float4.Add(a.Row3, b.Row3));

    /// <summary>sums + left right^T</summary>
    public static Sums4x4 MultiplyAdd(Sums4x4 sums, Float4 left, Float4 right) => new(
        Float4.MultiplyAdd(left.X, right, sums.Row0),
        Float4.MultiplyAdd(left.Y, right, sums.Row1),
        Float4.MultiplyAdd(left.Z, right, sums.Row2),
        Float4.MultiplyAdd(left.W, right, sums.Row3));

    public Float4 Row(int row) => row == 0 ? Row0 : row == 1 ? Row1 : row == 2 ? Row2 : Row3;
}

/// <summary>64 sums of a thread.</summary>
internal readonly struct Sums8x8(Sums4x4 part0, Sums4x4 part1, Sums4x4 part2, Sums4x4 part3)
{
    public readonly Sums4x4 Part0 = part0;
    public readonly Sums4x4 Part1 = part1;
    public readonly Sums4x4 Part2 = part2;
    public readonly Sums4x4 Part3 = part3;

    public static Sums8x8 Add(Sums8x8 a, Sums8x8 b) => new(
        Sums4x4.Add(a.Part0, b.Part0), Sums4x4.Add(a.Part1, b.Part1), Sums4x4.Add(a.Part2, b.Part2), Sums4x4.Add(a.Part3, b.Part3));

    /// <summary>Row <paramref name="row"/> mod 4 of part row / 4.</summary>
    public Float4 Row(int row) =>
        row < 4 ? Part0.Row(row) : row < 8 ? Part1.Row(row - 4) : row < 12 ? Part2.Row(row - 8) : Part3.Row(row - 12);
}
