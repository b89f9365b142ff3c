using ILGPU;

namespace Trainer.Kernels.Devices.Gpu.Products;

/// <summary>
/// How the threads of a group share a tile of a product. Sums live in named registers: a local array would become memory.
/// </summary>
/// <typeparam name="TSums">A thread's part of the tile.</typeparam>
internal interface ITile<TSums>
    where TSums : struct
{
    /// <summary>Rows of the tile.</summary>
    static abstract int Rows { get; }

    static abstract int Columns { get; }

    /// <summary>Products that are in shared memory at once for each element of the tile; divides 512.</summary>
    static abstract int Depth { get; }

    static abstract TSums Zero { get; }

    static abstract TSums Add(TSums a, TSums b);

    /// <summary>Multiplies one column of the left operand with one row of the right one, both in shared memory as <see cref="Float4"/>.</summary>
    /// <param name="left">Where the column begins; <paramref name="right"/> likewise.</param>
    static abstract TSums MultiplyAdd(TSums sums, ArrayView<Float4> shared, int left, int right, int thread);

    /// <summary>The finished tile leaves through shared memory in passes: in each, every thread puts one row of four there, 1,024 elements together.</summary>
    static abstract int Passes { get; }

    /// <summary>Columns of a pass; its rows are 1,024 / PassColumns.</summary>
    static abstract int PassColumns { get; }

    /// <summary>A thread's four elements of a pass, which belong at the 16 bytes of the thread's number.</summary>
    static abstract Float4 RowOf(TSums sums, int pass);

    /// <summary>Where row <paramref name="row"/> of a pass is in the tile.</summary>
    static abstract int TileRow(int pass, int row);

    static abstract int TileColumn(int pass, int column);
}

/// <summary>Tile of 64 x 64: 256 threads with 4 x 4 sums each.</summary>
internal readonly struct Tile64x64 : ITile<Sums4x4>
{
    public static int Rows => 64;

    public static int Columns => 64;

    public static int Depth => 16;

    public static Sums4x4 Zero => default;

    public static Sums4x4 Add(Sums4x4 a, Sums4x4 b) => Sums4x4.Add(a, b);

    public static Sums4x4 MultiplyAdd(Sums4x4 sums, ArrayView<Float4> shared, int left, int right, int thread) =>
        Sums4x4.MultiplyAdd(sums, shared[left + (thread / 16)], shared[right + (thread % 16)]);

    public static int Passes => 4;

    public static int PassColumns => 64;

    public static Float4 RowOf(Sums4x4 sums, int pass) => sums.Row(pass);

    public static int TileRow(int pass, int row) => (row * 4) + pass;

    public static int TileColumn(int pass, int column) => column;
}

/// <summary>Tile of 32 x 128, for products of few rows: 256 threads with 4 x 4 sums each.</summary>
internal readonly struct Tile32x128 : ITile<Sums4x4>
{
    public static int Rows => 32;

    public static int Columns => 128;

    public static int Depth => 16;

    public static Sums4x4 Zero => default;

    public static Sums4x4 Add(Sums4x4 a, Sums4x4 b) => Sums4x4.Add(a, b);

    public static Sums4x4 MultiplyAdd(Sums4x4 sums, ArrayView<Float4> shared, int left, int right, int thread) =>
        Sums4x4.MultiplyAdd(sums, shared[left + (thread / 32)], shared[right + (thread % 32)]);

    public static int Passes => 4;

    public static int PassColumns => 128;

    public static Float4 RowOf(Sums4x4 sums, int pass) => sums.Row(pass);

    public static int TileRow(int pass, int row) => (row * 4) + pass;

    public static int TileColumn(int pass, int column) => column;
}

/// <summary>Tile of 128 x 128, for large products: 256 threads with 8 x 8 sums each, as four blocks of 4 x 4 that lie 64 apart.</summary>
/// <remarks>So apart, the threads of a warp read neighbouring 16 bytes of shared memory, and no bank serves two of them.</remarks>
internal readonly struct Tile128x128 : ITile<Sums8x8>
{
    public static int Rows => 128;

    public static int Columns => 128;

    public static int Depth => 8;

    public static Sums8x8 Zero => default;

    public static Sums8x8 Add(Sums8x8 a, Sums8x8 b) => new(
        Sums4x4.Add(a.TopLeft, b.TopLeft),
        Sums4x4.Add(a.TopRight, b.TopRight),
        Sums4x4.Add(a.BottomLeft, b.BottomLeft),
        Sums4x4.Add(a.BottomRight, b.BottomRight));

    public static Sums8x8 MultiplyAdd(Sums8x8 sums, ArrayView<Float4> shared, int left, int right, int thread)
    {
        var (row, column) = (thread / 16, thread % 16);
        var (top, bottom) = (shared[left + row], shared[left + 16 + row]);
        var (west, east) = (shared[right + column], shared[right + 16 + column]);
        return new Sums8x8(
            Sums4x4.MultiplyAdd(sums.TopLeft, top, west),
            Sums4x4.MultiplyAdd(sums.TopRight, top, east),
            Sums4x4.MultiplyAdd(sums.BottomLeft, bottom, west),
            Sums4x4.MultiplyAdd(sums.BottomRight, bottom, east));
    }

    public static int Passes => 16;

    public static int PassColumns => 64;

    public static Float4 RowOf(Sums8x8 sums, int pass) =>
        pass < 4 ? sums.TopLeft.Row(pass)
        : pass < 8 ? sums.TopRight.Row(pass - 4)
        : pass < 12 ? sums.BottomLeft.Row(pass - 8)
        : sums.BottomRight.Row(pass - 12);

    public static int TileRow(int pass, int row) => (pass / 8 * 64) + (row * 4) + (pass % 4);

    public static int TileColumn(int pass, int column) => (pass / 4 % 2 * 64) + column;
}
