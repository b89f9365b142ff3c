namespace Trainer.Kernels.Devices.Gpu.Products;

/// <summary>Sums of 4 rows and 4 columns.</summary>
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

/// <summary>Sums of 8 rows and 8 columns.</summary>
internal readonly struct Sums8x8(Sums4x4 topLeft, Sums4x4 topRight, Sums4x4 bottomLeft, Sums4x4 bottomRight)
{
    public readonly Sums4x4 TopLeft = topLeft;
    public readonly Sums4x4 TopRight = topRight;
    public readonly Sums4x4 BottomLeft = bottomLeft;
    public readonly Sums4x4 BottomRight = bottomRight;
}
