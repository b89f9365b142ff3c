using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Memory;

namespace Trainer.Kernels.Gpu.Tiles;

/// <summary>An output pixel of a sample.</summary>
internal readonly record struct Pixel(int Sample, int Row, int Column);

/// <summary>Numbers the pixels of all samples: sample by sample, row by row.</summary>
internal readonly struct PixelGrid(int samples, int rows, int columns)
{
    private readonly FastDivisor _perSample = new(rows * columns);
    private readonly FastDivisor _perRow = new(columns);

    public int Count { get; } = checked(samples * rows * columns);

    public int PerSample => _perSample.Divisor;

    public Pixel At(int pixel)
    {
        var sample = _perSample.Quotient(pixel);
        pixel -= sample * _perSample.Divisor;
        var row = _perRow.Quotient(pixel);
        return new Pixel(sample, row, pixel - (row * _perRow.Divisor));
    }

    public int SampleOf(int pixel) => _perSample.Quotient(pixel);
}

/// <summary>The corner of a pixel's window in the image; row and column may lie outside.</summary>
/// <param name="Base">Element of (row, column) of the first channel; unused for pixels beyond the last, whose Row is far outside.</param>
internal readonly record struct Corner(long Base, int Row, int Column);

/// <summary>An image (N, C, Height, Width) as the windows of a convolution see it: element (pixel, tap), +0 outside the image.</summary>
/// <param name="GroupElements">Elements of one group's channels.</param>
internal readonly record struct Windows(
    SampleRows Image, PixelGrid Pixels, int Height, int Width, int StrideH, int StrideW, int PadH, int PadW, long GroupElements)
{
    private const int Outside = -(1 << 24);

    public Windows OfGroup(int group) => this with { Image = Image with { Elements = Image.Elements.SubView(group * GroupElements) } };

    public Corner CornerOf(int pixel)
    {
        if (pixel >= Pixels.Count)
        {
            return new Corner(0, Outside, 0);
        }

        var at = Pixels.At(pixel);
        var (row, column) = ((at.Row * StrideH) - PadH, (at.Column * StrideW) - PadW);
        return new Corner((at.Sample * Image.Stride) + ((long)row * Width) + column, row, column);
    }

    public float Load(Corner corner, Tap tap)
    {
        var (row, column) = (corner.Row + tap.Row, corner.Column + tap.Column);
        return row >= 0 && row < Height && column >= 0 && column < Width ? Image.Elements[corner.Base + tap.Offset] : 0f;
    }
}
