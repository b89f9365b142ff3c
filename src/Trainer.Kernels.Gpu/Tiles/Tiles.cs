using ILGPU;
using Trainer.Kernels.Gpu.Arithmetic;

namespace Trainer.Kernels.Gpu.Tiles;

/// <summary>
/// How the 256 threads of a group share a tile of a product. Sums live in named registers: a local array would become memory.
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

    /// <summary>Those of them that one <see cref="MultiplyAdd"/> takes.</summary>
    static abstract int Step { get; }

    /// <summary>Floats behind each row in shared memory, a multiple of 4, so that the threads of a warp meet different banks.</summary>
    static abstract int Padding { get; }

    static abstract TSums Zero { get; }

    static abstract TSums Add(TSums a, TSums b);

    /// <summary>What an operand's element becomes on its way to shared memory.</summary>
    static abstract float Round(float value);

    /// <summary>Where a thread's part of the left operand begins, in units of 16 bytes or, where Step is not 1, of floats; the right one likewise.</summary>
    static abstract int LeftOf(int thread);

    static abstract int RightOf(int thread);

    /// <summary>Multiplies Step columns of the left operand with as many rows of the right one, both in shared memory.</summary>
    /// <param name="left">Where the thread's part of the first column begins; <paramref name="right"/> likewise.</param>
    /// <param name="leftStride">From one column to the next; units as of <see cref="LeftOf"/>.</param>
    static abstract TSums MultiplyAdd(TSums sums, ArrayView<Float4> shared, int left, int leftStride, int right, int rightStride);

    /// <summary>The finished tile leaves through shared memory in passes: in each, every thread puts four elements there, 1,024 together.</summary>
    static abstract int Passes { get; }

    /// <summary>A thread's four elements of a pass.</summary>
    static abstract Float4 Part(TSums sums, int pass);

    /// <summary>Where in the tile element <paramref name="i"/> of a pass belongs: number i mod 4 of thread i / 4.</summary>
    static abstract int RowOf(int pass, int i);

    static abstract int ColumnOf(int pass, int i);
}

/// <summary>Tile of 64 x 64: 256 threads with 4 x 4 sums each.</summary>
internal readonly struct Tile64x64 : ITile<Sums4x4>
{
    public static int Rows => 64;

    public static int Columns => 64;

    public static int Depth => 16;

    public static int Step => 1;

    public static int Padding => 4;

    public static Sums4x4 Zero => default;

    public static int Passes => 4;

    public static Sums4x4 Add(Sums4x4 a, Sums4x4 b) => Sums4x4.Add(a, b);

    public static float Round(float value) => value;

    public static int LeftOf(int thread) => thread / 16;

    public static int RightOf(int thread) => thread % 16;

    public static Sums4x4 MultiplyAdd(Sums4x4 sums, ArrayView<Float4> shared, int left, int leftStride, int right, int rightStride) =>
        Sums4x4.MultiplyAdd(sums, shared[left], shared[right]);

    public static Float4 Part(Sums4x4 sums, int pass) => sums.Row(pass);

    public static int RowOf(int pass, int i) => (i / 64 * 4) + pass;

    public static int ColumnOf(int pass, int i) => i % 64;
}

/// <summary>Tile of 32 x 128, for products of few rows: 256 threads with 4 x 4 sums each.</summary>
internal readonly struct Tile32x128 : ITile<Sums4x4>
{
    public static int Rows => 32;

    public static int Columns => 128;

    public static int Depth => 16;

    public static int Step => 1;

    public static int Padding => 4;

    public static Sums4x4 Zero => default;

    public static int Passes => 4;

    public static Sums4x4 Add(Sums4x4 a, Sums4x4 b) => Sums4x4.Add(a, b);

    public static float Round(float value) => value;

    public static int LeftOf(int thread) => thread / 32;

    public static int RightOf(int thread) => thread % 32;

    public static Sums4x4 MultiplyAdd(Sums4x4 sums, ArrayView<Float4> shared, int left, int leftStride, int right, int rightStride) =>
        Sums4x4.MultiplyAdd(sums, shared[left], shared[right]);

    public static Float4 Part(Sums4x4 sums, int pass) => sums.Row(pass);

    public static int RowOf(int pass, int i) => (i / 128 * 4) + pass;

    public static int ColumnOf(int pass, int i) => i % 128;
}

/// <summary>Tile of 128 x 128, for large products: 256 threads with 8 x 8 sums each, as four blocks of 4 x 4 that lie 64 apart.</summary>
/// <remarks>So apart, the threads of a warp read neighbouring 16 bytes of shared memory, and no bank serves two of them.</remarks>
internal readonly struct Tile128x128 : ITile<Sums8x8>
{
    /// <summary>64 floats, in units of 16 bytes.</summary>
    private const int Apart = 16;

    public static int Rows => 128;

    public static int Columns => 128;

    public static int Depth => 8;

    public static int Step => 1;

    public static int Padding => 4;

    public static Sums8x8 Zero => default;

    public static int Passes => 16;

    public static Sums8x8 Add(Sums8x8 a, Sums8x8 b) => Sums8x8.Add(a, b);

    public static float Round(float value) => value;

    public static int LeftOf(int thread) => thread / 16;

    public static int RightOf(int thread) => thread % 16;

    public static Sums8x8 MultiplyAdd(Sums8x8 sums, ArrayView<Float4> shared, int left, int leftStride, int right, int rightStride)
    {
        var (top, bottom) = (shared[left], shared[left + Apart]);
        var (west, east) = (shared[right], shared[right + Apart]);
        return new Sums8x8(
            Sums4x4.MultiplyAdd(sums.Part0, top, west),
            Sums4x4.MultiplyAdd(sums.Part1, top, east),
            Sums4x4.MultiplyAdd(sums.Part2, bottom, west),
            Sums4x4.MultiplyAdd(sums.Part3, bottom, east));
    }

    public static Float4 Part(Sums8x8 sums, int pass) => sums.Row(pass);

    public static int RowOf(int pass, int i) => (pass / 8 * 64) + (i / 64 * 4) + (pass % 4);

    public static int ColumnOf(int pass, int i) => (pass / 4 % 2 * 64) + (i % 64);
}
