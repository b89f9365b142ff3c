using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Convolution.Patches;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Reduction;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Depthwise;

/// <summary>
/// dw of a convolution with one input channel in each group: a dot product per filter and tap, so that only channels can fill a vector. Those of x and dy
/// are put side by side first. A piece of work is a vector of channels in a piece of the plan; a second pass folds the pieces.
/// </summary>
internal sealed unsafe class DepthwiseBackwardWeights<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork, IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int ChainLength = 512;
    private const int KernelTaps = DepthwiseGradientKernel<TSimd, TVector>.Taps;

    private readonly TreeFold<TSimd, TVector> _fold = new(team);
    private readonly PatchLayout _patches = new();
    private readonly NativeBuffer _offsets = new();
    private Conv2dGeometry _g;
    private ReductionPlan _plan = new();
    private SampleRows _x;
    private SampleRows _dy;
    private float* _partials;

    private int Taps => _g.R * _g.S;

    private int TapBlocks => (Taps + KernelTaps - 1) / KernelTaps;

    /// <summary>Filters for each channel.</summary>
    private int Multiplier => _g.K / _g.C;

    private int ChannelBlocks => (_g.C + TSimd.Lanes - 1) / TSimd.Lanes;

    /// <summary>Sums of a vector of channels: (filter of the channel, tap, channel).</summary>
    private int BlockSums => Multiplier * TapBlocks * KernelTaps * TSimd.Lanes;

    private int PieceSums => ChannelBlocks * BlockSums;

    private long ImageElements => (long)_patches.Height * _patches.Width * TSimd.Lanes;

    /// <summary>Images that the pixels of a piece touch at most.</summary>
    private long Images => 1 + ((_plan.LongestPiece + _patches.Pixels - 2) / _patches.Pixels);

    public static bool Suits(in Conv2dGeometry g) => g.Groups == g.C && g.C > 1;

    public void Execute(in Conv2dGeometry g, ReductionPlan plan, SampleRows x, SampleRows dy, float** targets)
    {
        (_g, _plan, _x, _dy) = (g, plan, x, dy);
        _patches.Forward(g.OfGroup());
        DescribeTaps();
        _partials = scratch.Shared((long)plan.Count * PieceSums);
        scratch.EnsureOwn((KernelTaps * TSimd.Lanes) + RunElements + ((long)plan.LongestPiece * TSimd.Lanes) + (Images * ImageElements));
        team.Run(this, plan.Count * ChannelBlocks);
        _fold.Execute(plan, _partials, PieceSums);
        for (var i = 0; i < plan.Count; i++)
        {
            if (plan.IsFirstOfRoot(i))
            {
                Emit(_partials + ((long)i * PieceSums), targets[plan[i].Root]);
            }
        }
    }

    public override void Run(int piece, int thread)
    {
        var (index, block) = Math.DivRem(piece, ChannelBlocks);
        var pixels = _plan[index];
        var first = block * TSimd.Lanes;
        var channels = Math.Min(TSimd.Lanes, _g.C - first);
        var tile = scratch.Own(thread);
        var runs = (PixelRun*)(tile + (KernelTaps * TSimd.Lanes));
        var dy = (float*)runs + RunElements;
        var images = dy + ((long)_plan.LongestPiece * TSimd.Lanes);
        FillImages(pixels, first, channels, images);
        for (var filter = 0; filter < Multiplier; filter++)
        {
            PackGradients(pixels, (first * Multiplier) + filter, channels, dy);
            var sums = _partials + ((long)index * PieceSums) + (block * BlockSums) + (filter * TapBlocks * KernelTaps * TSimd.Lanes);
            for (var done = 0; done < pixels.Pixels; done += ChainLength)
            {
                var count = ListRuns(pixels, done, Math.Min(ChainLength, pixels.Pixels - done), images, runs);
                SumChain(runs, count, dy + ((long)done * TSimd.Lanes), done == 0 ? null : tile, sums);
            }
        }
    }

    public void Dispose()
    {
        _patches.Dispose();
        _offsets.Dispose();
    }

    private static long RunElements => (long)ChainLength * sizeof(PixelRun) / sizeof(float);

    /// <summary>Where taps are; those that fill up the last block repeat the last one.</summary>
    private void DescribeTaps()
    {
        var offsets = _offsets.Ensure<int>(TapBlocks * KernelTaps);
        for (var tap = 0; tap < TapBlocks * KernelTaps; tap++)
        {
            offsets[tap] = checked(_patches.Offsets[Math.Min(tap, Taps - 1)] * TSimd.Lanes);
        }
    }

    private void FillImages(ReductionPiece pixels, int channel, int channels, float* images)
    {
        var end = pixels.FirstPixel + pixels.Pixels;
        for (var sample = pixels.FirstPixel / _patches.Pixels; sample * _patches.Pixels < end; sample++, images += ImageElements)
        {
            var firstPixel = Math.Max(0, pixels.FirstPixel - (sample * _patches.Pixels));
            var endPixel = Math.Min(_patches.Pixels, end - (sample * _patches.Pixels));
            _patches.FillPixelsSideBySide(_x, sample, firstPixel, endPixel, channel, channels, images, TSimd.Lanes);
        }
    }

    /// <summary>dy of a filter of each channel as (pixels x channels).</summary>
    private void PackGradients(ReductionPiece pixels, int filter, int channels, float* target)
    {
        for (var done = 0; done < pixels.Pixels;)
        {
            var (sample, pixel) = Math.DivRem(pixels.FirstPixel + done, _patches.Pixels);
            var length = Math.Min(_patches.Pixels - pixel, pixels.Pixels - done);
            var source = _dy.At(sample, ((long)filter * _patches.Pixels) + pixel);
            var stride = (nint)Multiplier * _patches.Pixels;
            Packing.Transpose(source, stride, channels, length, target + ((long)done * TSimd.Lanes), TSimd.Lanes, TSimd.Lanes);
            done += length;
        }
    }

    /// <summary>Rows of pixels, or parts of them.</summary>
    private int ListRuns(ReductionPiece piece, int first, int pixels, float* images, PixelRun* runs)
    {
        var count = 0;
        for (var done = 0; done < pixels; count++)
        {
            var (sample, pixel) = Math.DivRem(piece.FirstPixel + first + done, _patches.Pixels);
            var (p, q) = Math.DivRem(pixel, _patches.PixelColumns);
            var image = images + ((sample - (piece.FirstPixel / _patches.Pixels)) * ImageElements);
            var length = Math.Min(_patches.PixelColumns - q, pixels - done);
            runs[count] = new PixelRun(image + ((((long)p * _patches.RowStep) + ((long)q * _patches.ColumnStep)) * TSimd.Lanes), length);
            done += length;
        }

        return count;
    }

    /// <param name="tile">Null for the first chain of a piece, whose sums are written in place; later ones are added.</param>
    private void SumChain(PixelRun* runs, int count, float* dy, float* tile, float* sums)
    {
        for (var block = 0; block < TapBlocks; block++, sums += KernelTaps * TSimd.Lanes)
        {
            var offsets = _offsets.Ensure<int>(0) + (block * KernelTaps);
            DepthwiseGradientKernel<TSimd, TVector>.Run(runs, count, (nint)_patches.ColumnStep * TSimd.Lanes, offsets, dy, tile == null ? sums : tile);
            if (tile != null)
            {
                Vectors<TSimd, TVector>.AddTo(sums, tile, KernelTaps * TSimd.Lanes);
            }
        }
    }

    private void Emit(float* sums, float* target)
    {
        for (var channel = 0; channel < _g.C; channel++)
        {
            var source = sums + (channel / TSimd.Lanes * BlockSums) + (channel % TSimd.Lanes);
            for (var filter = 0; filter < Multiplier; filter++, source += TapBlocks * KernelTaps * TSimd.Lanes, target += Taps)
            {
                for (var tap = 0; tap < Taps; tap++)
                {
                    target[tap] = source[tap * TSimd.Lanes];
                }
            }
        }
    }
}
