using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Convolution.Depthwise;
using Trainer.Kernels.Devices.Cpu.Convolution.Direct;
using Trainer.Kernels.Devices.Cpu.Convolution.Patches;
using Trainer.Kernels.Devices.Cpu.Convolution.Winograd;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Reduction;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Cpu.Convolution;

/// <summary>
/// dw transposed (CRS x K) = patches of x transposed (CRS x pixels) dy (pixels x K), summed as rule 4 says. Patches are read from the
/// images in place; dy is packed with its channels side by side.
/// </summary>
internal sealed unsafe class Conv2dBackwardWeights<TSimd, TVector>(ThreadTeam team, Scratch scratch)
    : WeightGradient<TSimd, TVector>(team, scratch), IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private readonly PatchLayout _patches = new();
    private readonly WinogradBackwardWeights<TSimd, TVector> _winograd = new(team, scratch);
    private readonly DepthwiseBackwardWeights<TSimd, TVector> _depthwise = new(team, scratch);
    private readonly SampleBackwardWeights<TSimd, TVector> _samples = new(team, scratch);
    private int _filter;
    private long _firstElement;
    private SampleRows _x;
    private SampleRows _dy;

    protected override int Step => _patches.ColumnStep;

    protected override int* Offsets => _patches.Offsets;

    /// <summary>As many images as pixels in a row touch at most.</summary>
    protected override long ImageWork(int pixels) =>
        _patches.InPlace ? 0 : (1 + ((pixels + _patches.Pixels - 2) / _patches.Pixels)) * _patches.ImageElements;

    /// <param name="plan">Of the slice's output pixels.</param>
    public void Execute(in Conv2dGeometry g, BatchSlice slice, ReductionPlan plan, SampleRows x, SampleRows dy, float** targets)
    {
        if (DepthwiseBackwardWeights<TSimd, TVector>.Suits(g))
        {
            _depthwise.Execute(g, plan, x, dy, targets);
            return;
        }

        if (_samples.Suits(g, slice.LocalSamples))
        {
            _samples.Execute(g, plan, x, dy, targets);
            return;
        }

        var part = g.OfGroup();
        for (var group = 0; group < g.Groups; group++)
        {
            var (images, gradients) = (x.From((long)group * part.C * g.H * g.W), dy.From((long)group * part.K * g.P * g.Q));
            var firstElement = (long)group * part.K * g.Reduction;
            if (WinogradTile.SuitsGradient(part))
            {
                _winograd.Execute(part, slice, images, gradients, targets, firstElement);
            }
            else
            {
                (_x, _dy, _firstElement, _filter) = (images, gradients, firstElement, g.R * g.S);
                _patches.Forward(part);
                Reduce(plan, g.Reduction, part.K, targets);
            }
        }
    }

    public void Dispose()
    {
        _patches.Dispose();
        _winograd.Dispose();
        _depthwise.Dispose();
        _samples.Dispose();
    }

    /// <summary>Gives the pixels' images their borders, in the channels that the rows belong to.</summary>
    protected override void BeginPixels(int firstPixel, int pixels, int row, int rows, float* images)
    {
        if (_patches.InPlace)
        {
            return;
        }

        var (firstChannel, endChannel) = (row / _filter, ((row + rows - 1) / _filter) + 1);
        var endPixel = firstPixel + pixels;
        for (var sample = firstPixel / _patches.Pixels; sample * _patches.Pixels < endPixel; sample++)
        {
            var first = Math.Max(0, firstPixel - (sample * _patches.Pixels));
            var end = Math.Min(_patches.Pixels, endPixel - (sample * _patches.Pixels));
            _patches.FillPixels(_x, sample, first, end, firstChannel, endChannel, Image(firstPixel, sample, images));
        }
    }

    protected override int ListRuns(int begun, int firstPixel, int pixels, float* images, PixelRun* runs)
    {
        var count = 0;
        for (var done = 0; done < pixels; count++)
        {
            var (sample, pixel) = ((firstPixel + done) / _patches.Pixels, (firstPixel + done) % _patches.Pixels);
            var (p, q) = (pixel / _patches.RunPixels, pixel % _patches.RunPixels);
            var length = Math.Min(_patches.RunPixels - q, pixels - done);
            runs[count] = new PixelRun(Image(begun, sample, images) + (p * _patches.RowStep) + (q * _patches.ColumnStep), length);
            done += length;
        }

        return count;
    }

    protected override void PackRight(int firstPixel, int pixels, int column, int columns, float* panel)
    {
        for (var done = 0; done < pixels;)
        {
            var (sample, pixel) = ((firstPixel + done) / _patches.Pixels, (firstPixel + done) % _patches.Pixels);
            var length = Math.Min(_patches.Pixels - pixel, pixels - done);
            var source = _dy.At(sample, ((long)column * _patches.Pixels) + pixel);
            Packing.Transpose(source, _patches.Pixels, columns, length, panel + ((long)done * Kernel.Columns), Kernel.Columns, Kernel.Columns);
            done += length;
        }
    }

    protected override void Emit(float* sums, int row, int rows, int column, int columns, float* target) =>
        Packing.Transpose(sums, Kernel.Columns, rows, columns, target + _firstElement + ((long)column * Rows) + row, Rows, rows);

    private float* Image(int begun, int sample, float* images) =>
        _patches.InPlace
            ? _x.At(sample, 0)
            : images + ((sample - (begun / _patches.Pixels)) * _patches.ImageElements);
}
