using ILGPU;
using Trainer.Kernels.Gpu.Arithmetic;

namespace Trainer.Kernels.Gpu.Tiles;

/// <summary>
/// Where the threads of a warp find their fragments of mma.m16n8k8 (PTX ISA, "Matrix Fragments for mma.m16n8k8", .tf32): with g = lane / 4 and t = lane mod 4,
/// left (g, t), (g + 8, t), (g, t + 4), (g + 8, t + 4); right (t, g), (t + 4, g); sums (g, 2t), (g, 2t + 1), (g + 8, 2t), (g + 8, 2t + 1).
/// </summary>
/// <remarks>Operands lie in shared memory as columns and rows k with 8 floats of padding: the 32 lanes then read from 32 banks.</remarks>
internal static class Tf32Fragments
{
    public const int Depth = 8;
    public const int Padding = 8;

    private const int Lanes = 32;
    private const int FragmentRows = 16;
    private const int FragmentColumns = 8;

    /// <summary>One fragment product. Left and right are where the thread's first element lies; rows of the fragment follow one another there.</summary>
    public static Float4 MultiplyAdd(Float4 sums, ArrayView<float> words, int left, int leftStride, int right, int rightStride) => TensorCore.MultiplyAdd(
        words[left],
        words[left + 8],
        words[left + (4 * leftStride)],
        words[left + (4 * leftStride) + 8],
        words[right],
        words[right + (4 * rightStride)],
        sums.X,
        sums.Y,
        sums.Z,
        sums.W);

    /// <summary>A row of four fragments, side by side.</summary>
    public static Sums4x4 MultiplyRow(Sums4x4 sums, ArrayView<float> words, int left, int leftStride, int right, int rightStride) => new(
        MultiplyAdd(sums.Row0, words, left, leftStride, right, rightStride),
        MultiplyAdd(sums.Row1, words, left, leftStride, right + FragmentColumns, rightStride),
        MultiplyAdd(sums.Row2, words, left, leftStride, right + (2 * FragmentColumns), rightStride),
        MultiplyAdd(sums.Row3, words, left, leftStride, right + (3 * FragmentColumns), rightStride));

    /// <summary>Offset of element (g, t) of the left operand in a tile whose column has so many floats, for the thread's lane alone.</summary>
    public static int LaneOf(int thread, int stride) => (thread % Lanes % 4 * stride) + (thread % Lanes / 4);

    public static int WarpOf(int thread) => thread / Lanes;

    /// <summary>Row of element i of a pass in its fragment (fragments are <paramref name="fragment"/> x 16 rows below the warp's first).</summary>
    public static int RowOf(int i, int fragment) => (fragment * FragmentRows) + (i / 4 % Lanes / 4) + (i % 4 / 2 * 8);

    public static int ColumnOf(int i, int fragment) => (fragment * FragmentColumns) + (i / 4 % Lanes % 4 * 2) + (i % 2);
}

/// <summary>Tile of 32 x 128 on tensor cores: 2 x 4 warps with 1 x 4 fragments each.</summary>
internal readonly struct Tf32Tile32x128 : ITile<Sums4x4>
{
    public static int Rows => 32;

    public static int Columns => 128;

    public static int Depth => 16;

    public static int Step => Tf32Fragments.Depth;

    public static int Padding => Tf32Fragments.Padding;

    public static Sums4x4 Zero => default;

    public static int Passes => 4;

    public static Sums4x4 Add(Sums4x4 a, Sums4x4 b) => Sums4x4.Add(a, b);

    public static float Round(float value) => TensorCore.RoundToTf32(value);

    public static int LeftOf(int thread) => (Tf32Fragments.WarpOf(thread) / 4 * 16) + Tf32Fragments.LaneOf(thread, Rows + Padding);

    public static int RightOf(int thread) => (Tf32Fragments.WarpOf(thread) % 4 * 32) + Tf32Fragments.LaneOf(thread, Columns + Padding);

    public static Sums4x4 MultiplyAdd(Sums4x4 sums, ArrayView<Float4> shared, int left, int leftStride, int right, int rightStride) =>
        Tf32Fragments.MultiplyRow(sums, shared.Cast<float>(), left, leftStride, right, rightStride);

    public static Float4 Part(Sums4x4 sums, int pass) => sums.Row(pass);

    public static int RowOf(int pass, int i) => (Tf32Fragments.WarpOf(i / 4) / 4 * 16) + Tf32Fragments.RowOf(i, 0);

    public static int ColumnOf(int pass, int i) => (Tf32Fragments.WarpOf(i / 4) % 4 * 32) + Tf32Fragments.ColumnOf(i, pass);
}

/// <summary>Tile of 128 x 128 on tensor cores: 2 x 4 warps with 4 x 4 fragments each.</summary>
internal readonly struct Tf32Tile128x128 : ITile<Sums8x8>
{
    public static int Rows => 128;

    public static int Columns => 128;

    public static int Depth => 8;

    public static int Step => Tf32Fragments.Depth;

    public static int Padding => Tf32Fragments.Padding;

    public static Sums8x8 Zero => default;

    public static int Passes => 16;

    public static Sums8x8 Add(Sums8x8 a, Sums8x8 b) => Sums8x8.Add(a, b);

    public static float Round(float value) => TensorCore.RoundToTf32(value);

    public static int LeftOf(int thread) => (Tf32Fragments.WarpOf(thread) / 4 * 64) + Tf32Fragments.LaneOf(thread, Rows + Padding);

    public static int RightOf(int thread) => (Tf32Fragments.WarpOf(thread) % 4 * 32) + Tf32Fragments.LaneOf(thread, Columns + Padding);

    public static Sums8x8 MultiplyAdd(Sums8x8 sums, ArrayView<Float4> shared, int left, int leftStride, int right, int rightStride)
    {
        var words = shared.Cast<float>();
        return new Sums8x8(
            Tf32Fragments.MultiplyRow(sums.Part0, words, left, leftStride, right, rightStride),
            Tf32Fragments.MultiplyRow(sums.Part1, words, left + 16, leftStride, right, rightStride),
            Tf32Fragments.MultiplyRow(sums.Part2, words, left + 32, leftStride, right, rightStride),
            Tf32Fragments.MultiplyRow(sums.Part3, words, left + 48, leftStride, right, rightStride));
    }

    public static Float4 Part(Sums8x8 sums, int pass) => sums.Row(pass);

    public static int RowOf(int pass, int i) => (Tf32Fragments.WarpOf(i / 4) / 4 * 64) + Tf32Fragments.RowOf(i, pass / 4);

    public static int ColumnOf(int pass, int i) => (Tf32Fragments.WarpOf(i / 4) % 4 * 32) + Tf32Fragments.ColumnOf(i, pass % 4);
}
