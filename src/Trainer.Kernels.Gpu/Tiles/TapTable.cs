using ILGPU;

namespace Trainer.Kernels.Gpu.Tiles;

/// <summary>One place of a filter: where it lies relative to an output pixel.</summary>
/// <param name="Offset">Elements from the pixel's corner in the image, channel included.</param>
/// <param name="Row">Rows from the corner.</param>
internal readonly record struct Tap(int Offset, int Row, int Column);

/// <summary>The taps of a convolution's filter in the order of its dot product, in device memory: <see cref="Stride"/> integers each.</summary>
/// <param name="Values">Offset in the image, row x 65,536 + column (both may be negative), offset in the filter.</param>
internal readonly record struct TapTable(ArrayView<int> Values)
{
    public const int Stride = 3;

    public Tap At(int tap)
    {
        var place = Values[(tap * Stride) + 1];
        var row = (place + 32768) >> 16;
        return new Tap(Values[tap * Stride], row, place - (row << 16));
    }

    public int FilterOffset(int tap) => Values[(tap * Stride) + 2];
}
