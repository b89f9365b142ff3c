using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Winograd;

/// <summary>
/// Brings tiles of images into the transformed domain: B^T x B of inputs, which have rows and columns in common with their neighbours, or
/// A dy A^T of output gradients.
/// </summary>
/// <remarks>
/// 16 channels at a time. The rows that the tiles of a sample look at are first turned so that channels are neighbours, with zeros around the
/// image; then all columns of a row of tiles are transformed, then the rows of each tile.
/// </remarks>
internal sealed unsafe class TileTransform<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int Lane = WinogradTile.Channels;

    private SampleRows _source;
    private WinogradTile _tiles;
    private int _channels;
    private int _height;
    private int _width;
    private int _top;
    private int _left;
    private int _side;
    private bool _ofGradients;
    private WinogradLoops<TSimd, TVector>? _loops;

    private int BandColumns => (_tiles.Outputs * (_tiles.Columns - 1)) + _side;

    /// <summary>Inputs with borders of zeros.</summary>
    public void OfInputs(SampleRows source, WinogradTile tiles, int channels, int height, int width, int top, int left)
    {
        (_source, _tiles, _channels, _height, _width, _top, _left, _side) = (source, tiles, channels, height, width, top, left, tiles.Inputs);
        (_loops, _ofGradients) = (WinogradLoops<TSimd, TVector>.Of(tiles), false);
    }

    public void OfGradients(SampleRows source, WinogradTile tiles, int channels, int height, int width)
    {
        (_source, _tiles, _channels, _height, _width, _top, _left, _side) = (source, tiles, channels, height, width, 0, 0, tiles.Outputs);
        (_loops, _ofGradients) = (WinogradLoops<TSimd, TVector>.Of(tiles), true);
    }

    /// <summary>Elements of memory that <see cref="Run"/> needs for so many tiles.</summary>
    public long Work(int tiles)
    {
        var rows = Math.Min(_tiles.Rows, 2 + ((tiles - 1) / _tiles.Columns));
        return ((long)(_tiles.Outputs * (rows - 1)) + _side + _tiles.Inputs) * BandColumns * Lane;
    }

    /// <summary>Transforms tiles [first, first + count) of the local batch in channels [channel, channel + 16) to tiles 0, 1, ... of the target.</summary>
    public void Run(int first, int count, int channel, in TransformedTiles target, int targetTile, float* work)
    {
        for (var done = 0; done < count;)
        {
            var (sample, tile) = Math.DivRem(first + done, _tiles.PerSample);
            var length = Math.Min(_tiles.PerSample - tile, count - done);
            TransformSample(sample, tile, length, channel, target, targetTile + done, work);
            done += length;
        }
    }

    private void TransformSample(int sample, int tile, int count, int channel, in TransformedTiles target, int targetTile, float* work)
    {
        var (firstRow, lastRow) = (tile / _tiles.Columns, (tile + count - 1) / _tiles.Columns);
        var rows = (_tiles.Outputs * (lastRow - firstRow)) + _side;
        nint rowElements = BandColumns * Lane;
        FillBand(_source.At(sample, (long)channel * _height * _width), Math.Min(Lane, _channels - channel), (firstRow * _tiles.Outputs) - _top, rows, work);
        var columns = work + (rows * rowElements);
        for (var (row, end) = (firstRow, tile + count); row <= lastRow; row++)
        {
            var firstColumn = Math.Max(tile, row * _tiles.Columns) - (row * _tiles.Columns);
            var endColumn = Math.Min(end, (row + 1) * _tiles.Columns) - (row * _tiles.Columns);
            var band = work + ((row - firstRow) * _tiles.Outputs * rowElements);
            TransformRow(band, rowElements, firstColumn, endColumn, columns, target, targetTile, channel);
            targetTile += endColumn - firstColumn;
        }
    }

    /// <summary>Tiles [firstColumn, endColumn) of a row of tiles.</summary>
    private void TransformRow(
        float* band, nint rowElements, int firstColumn, int endColumn, float* columns, in TransformedTiles target, int targetTile, int channel)
    {
        nint first = firstColumn * _tiles.Outputs * Lane, end = (((endColumn - 1) * _tiles.Outputs) + _side) * Lane;
        if (_ofGradients)
        {
            _loops!.GradientColumns(band, rowElements, first, end, columns);
        }
        else
        {
            _loops!.InputColumns(band, rowElements, first, end, columns);
        }

        for (var lane = 0; lane < Lane; lane += TSimd.Lanes)
        {
            var run = new TileRun((nint)target.At(targetTile, channel + lane), target.PointStride, target.TileStride, endColumn - firstColumn);
            if (_ofGradients)
            {
                _loops!.GradientRows(columns + first + lane, rowElements, run);
            }
            else
            {
                _loops!.InputRows(columns + first + lane, rowElements, run);
            }
        }
    }

    /// <summary>band[row][column][channel] = the image, +0 outside of it.</summary>
    private void FillBand(float* source, int channels, int firstRow, int rows, float* band)
    {
        nint rowElements = BandColumns * Lane;
        var right = Math.Min(BandColumns, _left + _width);
        for (var row = firstRow; row < firstRow + rows; row++, band += rowElements)
        {
            if (row < 0 || row >= _height)
            {
                new Span<float>(band, (int)rowElements).Clear();
                continue;
            }

            new Span<float>(band, _left * Lane).Clear();
            Packing.Transpose(source + ((long)row * _width), _height * _width, channels, right - _left, band + (_left * Lane), Lane, Lane);
            new Span<float>(band + (right * Lane), (BandColumns - right) * Lane).Clear();
        }
    }
}
