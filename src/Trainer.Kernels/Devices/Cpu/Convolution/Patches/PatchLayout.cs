using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Patches;

/// <summary>
/// How the patches of an implicit im2col lie in images: element k of the patch of pixel (p, q) is at
/// image + Offset(k) + p x RowStep + q x ColumnStep. Images that need borders are copied first.
/// </summary>
/// <remarks>
/// Forward: the image is x with its padding and k = (c, r, s). Backward-data is the same walk over dy with a border, k = (k, r, s) and the filter
/// read backwards; with a stride, once for each <see cref="StridePhase"/>.
/// </remarks>
internal sealed unsafe class PatchLayout : IDisposable
{
    /// <summary>Forward offsets repeat the last one this often, for tiles that have rows to spare.</summary>
    private const int OffsetSlack = 32;

    private readonly NativeBuffer _offsets = new();
    private int _sourceH;
    private int _sourceW;
    private int _top;
    private int _left;

    public int Channels { get; private set; }

    /// <summary>Rows and columns of an image with its borders.</summary>
    public int Height { get; private set; }

    public int Width { get; private set; }

    /// <summary>Pixels per sample that patches are taken for, and their columns.</summary>
    public int Pixels { get; private set; }

    public int PixelColumns { get; private set; }

    /// <summary>Pixels of a row, or of the whole image where rows follow one another without a gap, as before a filter of 1 x 1.</summary>
    public int RunPixels { get; private set; }

    public int RowStep { get; private set; }

    public int ColumnStep { get; private set; }

    /// <summary>Rows of the image that a patch reaches over.</summary>
    public int FilterRows { get; private set; }

    /// <summary>Rows of the image between patches of neighbouring rows of pixels.</summary>
    public int StrideRows { get; private set; }

    /// <summary>Whether images are read where they are.</summary>
    public bool InPlace { get; private set; }

    public int* Offsets { get; private set; }

    /// <summary>Rows and columns of a filter, in terms of a dot product.</summary>
    public int TapRows { get; private set; }

    public int TapColumns { get; private set; }

    /// <summary>Of a sample of the source, without borders.</summary>
    public long SourceElements => (long)Channels * PlaneElements;

    public int PlaneElements => _sourceH * _sourceW;

    public int SourceColumns => _sourceW;

    public long ImageElements => (long)Channels * Height * Width;

    public void Forward(in Conv2dGeometry g)
    {
        (Channels, _sourceH, _sourceW, _top, _left) = (g.C, g.H, g.W, g.PadH, g.PadW);
        Describe(g.H + (2 * g.PadH) + g.ExtraH, g.W + (2 * g.PadW) + g.ExtraW, g.P, g.Q, g.StrideH, g.StrideW, g.ExtentH);
        (TapRows, TapColumns) = (g.R, g.S);
        Offsets = _offsets.Ensure<int>(g.Reduction + OffsetSlack);
        for (var k = 0; k < g.Reduction + OffsetSlack; k++)
        {
            var term = Math.Min(k, g.Reduction - 1);
            var (c, r, s) = (term / (g.R * g.S), term / g.S % g.R, term % g.S);
            Offsets[k] = (((c * Height) + (r * g.DilationH)) * Width) + (s * g.DilationW);
        }
    }

    public void BackwardData(in Conv2dGeometry g, StridePhase rows, StridePhase columns)
    {
        (Channels, _sourceH, _sourceW) = (g.K, g.P, g.Q);
        (_top, _left) = (rows.Reach - rows.Base, columns.Reach - columns.Base);
        Describe(rows.Pixels + rows.Reach, columns.Pixels + columns.Reach, rows.Pixels, columns.Pixels, 1, 1, rows.Reach + 1);
        (TapRows, TapColumns) = (rows.Taps, columns.Taps);
        var (taps, depth) = (rows.Taps * columns.Taps, g.K * rows.Taps * columns.Taps);
        Offsets = _offsets.Ensure<int>(depth);
        for (var i = 0; i < depth; i++)
        {
            var (k, r, s) = (i / taps, i / columns.Taps % rows.Taps, i % columns.Taps);
            Offsets[i] = (((k * Height) + rows.Reach - (r * rows.Step)) * Width) + columns.Reach - (s * columns.Step);
        }
    }

    /// <summary>The source's row that a row of taps sees from a row of pixels; null: it sees the border.</summary>
    public int? SourceRow(int tapRow, int pixelRow)
    {
        var row = (Offsets[tapRow * TapColumns] / Width) + (pixelRow * StrideRows) - _top;
        return row >= 0 && row < _sourceH ? row : null;
    }

    /// <summary>As <see cref="SourceRow"/>.</summary>
    public int? SourceColumn(int tapColumn, int pixelColumn)
    {
        var column = (Offsets[tapColumn] % Width) + (pixelColumn * ColumnStep) - _left;
        return column >= 0 && column < _sourceW ? column : null;
    }

    /// <summary>
    /// Copies into <paramref name="image"/> what pixels [firstPixel, endPixel) of a sample look at in channels [firstChannel, endChannel),
    /// with zeros around and between.
    /// </summary>
    public void FillPixels(SampleRows sources, int sample, int firstPixel, int endPixel, int firstChannel, int endChannel, float* image)
    {
        var firstRow = firstPixel / PixelColumns * StrideRows;
        var endRow = ((endPixel - 1) / PixelColumns * StrideRows) + FilterRows;
        for (var channel = firstChannel; channel < endChannel; channel++)
        {
            var source = sources.At(sample, (long)channel * _sourceH * _sourceW);
            FillRows(source, firstRow, endRow, image + ((long)channel * Height * Width));
        }
    }

    /// <summary>
    /// As <see cref="FillPixels"/> with the elements of <paramref name="width"/> channels side by side, of which the first <paramref name="channels"/> exist.
    /// </summary>
    public void FillPixelsSideBySide(SampleRows sources, int sample, int firstPixel, int endPixel, int firstChannel, int channels, float* image, int width)
    {
        var firstRow = firstPixel / PixelColumns * StrideRows;
        var endRow = ((endPixel - 1) / PixelColumns * StrideRows) + FilterRows;
        var (first, end) = (Math.Max(0, _left), Math.Min(Width, _left + _sourceW));
        var target = image + ((long)firstRow * Width * width);
        new Span<float>(target, checked((endRow - firstRow) * Width * width)).Clear();
        for (var row = firstRow; row < endRow && first < end; row++, target += Width * width)
        {
            if (IsSourceRow(row))
            {
                var source = sources.At(sample, ((((long)firstChannel * _sourceH) + row - _top) * _sourceW) + first - _left);
                Packing.Transpose(source, (nint)_sourceH * _sourceW, channels, end - first, target + ((long)first * width), width, width);
            }
        }
    }

    /// <summary>Whole samples, with their borders, as (element of the image, sample): of <paramref name="width"/> samples side by side the first <paramref name="count"/> exist.</summary>
    public void FillSamplesSideBySide(SampleRows sources, int firstSample, int count, float* image, int width)
    {
        var (first, end) = (Math.Max(0, _left), Math.Min(Width, _left + _sourceW));
        new Span<float>(image, checked((int)ImageElements * width)).Clear();
        for (var line = 0; line < Channels * Height && first < end; line++, image += Width * width)
        {
            var (channel, row) = Math.DivRem(line, Height);
            if (IsSourceRow(row))
            {
                var source = sources.At(firstSample, (((long)channel * _sourceH) + row - _top) * _sourceW + first - _left);
                Packing.Transpose(source, (nint)sources.Stride, count, end - first, image + ((long)first * width), width, width);
            }
        }
    }

    public void Dispose() => _offsets.Dispose();

    private void Describe(int height, int width, int p, int q, int strideH, int strideW, int filterRows)
    {
        (Height, Width, Pixels, PixelColumns, FilterRows, StrideRows) = (height, width, p * q, q, filterRows, strideH);
        (RowStep, ColumnStep) = (strideH * width, strideW);
        InPlace = height == _sourceH && width == _sourceW && _top == 0 && _left == 0;
        RunPixels = RowStep == q * ColumnStep ? Pixels : q;
    }

    private bool IsSourceRow(int row) => row >= _top && row - _top < _sourceH;

    private void FillRows(float* source, int firstRow, int endRow, float* image)
    {
        var (first, end) = (Math.Max(0, _left), Math.Min(Width, _left + _sourceW));
        var target = image + ((long)firstRow * Width);
        new Span<float>(target, (endRow - firstRow) * Width).Clear();
        for (var row = firstRow; row < endRow && first < end; row++, target += Width)
        {
            if (IsSourceRow(row))
            {
                Packing.CopyShort(source + ((row - _top) * (long)_sourceW) + first - _left, target + first, end - first);
            }
        }
    }
}
