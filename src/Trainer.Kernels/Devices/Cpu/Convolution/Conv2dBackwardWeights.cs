using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Reduction;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Convolution;

/// <summary>dw (K x CRS) = dy transposed (K x pixels) im2col(x) transposed (pixels x CRS), summed as rule 4 says.</summary>
internal sealed unsafe class Conv2dBackwardWeights<TSimd, TVector>(ThreadTeam team, Scratch scratch)
    : WeightGradient<TSimd, TVector>(team, scratch), IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private readonly PatchLayout _patches = new();
    private int _filter;
    private float* _x;
    private float* _dy;

    protected override long PieceWork => _patches.InPlace ? 0 : (long)(1 + ((Plan.LongestPiece - 1) / _patches.Pixels)) * _patches.ImageElements;

    public void Execute(in Conv2dGeometry g, ReductionPlan plan, float* x, float* dy, float** targets)
    {
        _patches.Forward(g);
        _filter = g.R * g.S;
        _x = x;
        _dy = dy;
        Reduce(plan, g.K, g.Reduction, targets);
    }

    public void Dispose() => _patches.Dispose();

    /// <summary>Gives the piece's images their borders, in the channels that the columns belong to.</summary>
    protected override void BeginPiece(ReductionPiece piece, int column, int columns, float* work)
    {
        if (_patches.InPlace)
        {
            return;
        }

        var (first, last) = (piece.FirstPixel, piece.FirstPixel + piece.Pixels - 1);
        for (var sample = first / _patches.Pixels; sample <= last / _patches.Pixels; sample++)
        {
            var firstPixel = Math.Max(0, first - (sample * _patches.Pixels));
            var lastPixel = Math.Min(_patches.Pixels - 1, last - (sample * _patches.Pixels));
            var firstRow = firstPixel / _patches.PixelColumns * _patches.StrideRows;
            var endRow = (lastPixel / _patches.PixelColumns * _patches.StrideRows) + _patches.FilterRows;
            var (firstChannel, endChannel) = (column / _filter, ((column + columns - 1) / _filter) + 1);
            _patches.Fill(_x + (sample * _patches.SourceElements), Image(piece, sample, work), firstRow, endRow, firstChannel, endChannel);
        }
    }

    protected override void PackLeft(int firstPixel, int pixels, int row, int rows, float* panel)
    {
        for (var done = 0; done < pixels;)
        {
            var (sample, pixel) = ((firstPixel + done) / _patches.Pixels, (firstPixel + done) % _patches.Pixels);
            var length = Math.Min(_patches.Pixels - pixel, pixels - done);
            var source = _dy + ((((long)sample * Rows) + row) * _patches.Pixels) + pixel;
            Packing.Transpose(source, _patches.Pixels, rows, length, panel + ((long)done * Kernel.Rows), Kernel.Rows, Kernel.Rows);
            done += length;
        }
    }

    protected override void PackRight(ReductionPiece piece, int firstPixel, int pixels, int column, int columns, float* work, float* panel)
    {
        for (var done = 0; done < pixels;)
        {
            var (sample, pixel) = ((firstPixel + done) / _patches.Pixels, (firstPixel + done) % _patches.Pixels);
            var (p, q) = (pixel / _patches.PixelColumns, pixel % _patches.PixelColumns);
            var length = Math.Min(_patches.PixelColumns - q, pixels - done);
            var source = Image(piece, sample, work) + (p * _patches.RowStep) + (q * _patches.ColumnStep);
            PackRun(source, length, _patches.Offsets + column, columns, panel + ((long)done * Kernel.Columns));
            done += length;
        }
    }

    /// <summary>The patches of neighbouring pixels of one row.</summary>
    private void PackRun(float* source, int length, int* offsets, int columns, float* target)
    {
        var column = 0;
        if (_patches.ColumnStep == 1)
        {
            for (; column + 4 <= columns; column += 4)
            {
                Packing.TransposeFourRows(
                    source + offsets[column],
                    source + offsets[column + 1],
                    source + offsets[column + 2],
                    source + offsets[column + 3],
                    length,
                    target + column,
                    Kernel.Columns);
            }
        }

        for (; column < columns; column++)
        {
            var line = source + offsets[column];
            for (var i = 0; i < length; i++)
            {
                target[(i * Kernel.Columns) + column] = line[i * _patches.ColumnStep];
            }
        }
    }

    private float* Image(ReductionPiece piece, int sample, float* work) =>
        _patches.InPlace
            ? _x + (sample * _patches.SourceElements)
            : work + ((sample - (piece.FirstPixel / _patches.Pixels)) * _patches.ImageElements);
}
