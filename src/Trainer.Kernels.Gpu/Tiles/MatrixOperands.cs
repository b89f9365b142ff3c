using ILGPU;

namespace Trainer.Kernels.Gpu.Tiles;

/// <summary>A matrix whose rows lie along k: element (index, k) at index x Stride + k.</summary>
/// <param name="Count">Indices.</param>
internal readonly record struct RowsAlongK(ArrayView<float> Values, long Stride, int Count) : ITileOperand<RowsAlongK, long, int>
{
    public static bool AlongK => true;

    /// <summary>Elements from one product of a batch to the next.</summary>
    public long ProductStride { get; init; }

    /// <summary>Products after which the operands begin again: never, unless said. Not 0: compilers divide before they look whether they must.</summary>
    public int Period { get; init; } = int.MaxValue;

    /// <summary>The k of the first element of a row.</summary>
    public int FirstK { get; init; }

    public RowsAlongK Of(int product) => this with { Values = Values.SubView(product % Period * ProductStride) };

    public long At(int index) => index < Count ? index * Stride : -1;

    public int Step(int k) => k - FirstK;

    public float Load(long index, int step) => index < 0 ? 0f : Values[index + step];
}

/// <summary>A matrix whose rows lie along the index: element (index, k) at k x Stride + index.</summary>
/// <param name="Count">Indices.</param>
internal readonly record struct RowsAlongIndex(ArrayView<float> Values, long Stride, int Count) : ITileOperand<RowsAlongIndex, int, long>
{
    public static bool AlongK => false;

    /// <summary>Elements from one product of a batch to the next.</summary>
    public long ProductStride { get; init; }

    public RowsAlongIndex Of(int product) => this with { Values = Values.SubView(product * ProductStride) };

    public int At(int index) => index < Count ? index : -1;

    public long Step(int k) => k * Stride;

    public float Load(int index, long step) => index < 0 ? 0f : Values[index + step];
}
