using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Convolution.Patches;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Reduction;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Direct;

/// <summary>
/// dw of a convolution with few channels whose samples are a piece of the plan each: as many samples as a vector has lanes are taken side by side, so that every lane works, where filters
/// would fill a part of them. A piece of work is such a group of samples; a second pass folds them.
/// </summary>
/// <remarks>The same bits: a lane is the chain of one sample, pixels ascending, fused, in blocks of 512. Form C.</remarks>
internal sealed unsafe class SampleBackwardWeights<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork, IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int ChainLength = 512;
    private const int TileTaps = SampleGradientKernel<TSimd, TVector>.Taps;
    private const int TileFilters = SampleGradientKernel<TSimd, TVector>.Filters;

    /// <summary>Elements of a group of samples at most, which are to stay in a second-level cache.</summary>
    private const int MostElements = 96 << 10;

    private readonly TreeFold<TSimd, TVector> _fold = new(team);
    private readonly PatchLayout _patches = new();
    private readonly NativeBuffer _offsets = new();
    private Conv2dGeometry _g;
    private int _samples;
    private SampleRows _x;
    private SampleRows _dy;
    private float* _partials;

    private static long TileElements => (long)TileTaps * TileFilters * TSimd.Lanes;

    private static long RunElements => (long)ChainLength * sizeof(PixelRun) / sizeof(float);

    /// <summary>Sums of a sample: (pair of filters, block of taps, tap, filter of the pair).</summary>
    private int SampleSums => Padded(_g.K, TileFilters) * Padded(_g.Reduction, TileTaps);

    private long GradientElements => (long)Padded(_g.K, TileFilters) * _patches.Pixels * TSimd.Lanes;

    /// <summary>Whether filters leave lanes empty, samples fill them, and a group of those fits the cache.</summary>
    public bool Suits(in Conv2dGeometry g, int samples)
    {
        var pixels = g.P * g.Q;
        var image = (long)g.C * (g.H + (2 * g.PadH) + g.ExtraH) * (g.W + (2 * g.PadW) + g.ExtraW);
        return g.Groups == 1 && g.K <= TSimd.Lanes && pixels <= ReductionPlan.PiecePixels && 2 * pixels > ReductionPlan.PiecePixels
            && TSimd.Lanes * (image + ((long)Padded(g.K, TileFilters) * pixels)) <= MostElements
            && 4 * samples >= 3 * Padded(samples, TSimd.Lanes * team.Count);
    }

    /// <param name="plan">Of the slice's output pixels: a piece for each sample.</param>
    public void Execute(in Conv2dGeometry g, ReductionPlan plan, SampleRows x, SampleRows dy, float** targets)
    {
        (_g, _samples, _x, _dy) = (g, plan.Count, x, dy);
        _patches.Forward(g);
        DescribeTaps();
        _partials = scratch.Shared((long)plan.Count * SampleSums);
        scratch.EnsureOwn(TileElements + RunElements + ((long)SampleSums * TSimd.Lanes) + GradientElements + (_patches.ImageElements * TSimd.Lanes) + (2 * CpuMemory.Slack));
        team.Run(this, Padded(_samples, TSimd.Lanes) / TSimd.Lanes);
        _fold.Execute(plan, _partials, SampleSums);
        for (var i = 0; i < plan.Count; i++)
        {
            if (plan.IsFirstOfRoot(i))
            {
                Emit(_partials + ((long)i * SampleSums), targets[plan[i].Root]);
            }
        }
    }

    public override void Run(int piece, int thread)
    {
        var first = piece * TSimd.Lanes;
        var count = Math.Min(TSimd.Lanes, _samples - first);
        var tile = scratch.Own(thread);
        var runs = (PixelRun*)(tile + TileElements);
        var sums = (float*)runs + RunElements;
        var dy = sums + ((long)SampleSums * TSimd.Lanes) + CpuMemory.Slack;
        var image = dy + GradientElements + CpuMemory.Slack;
        _patches.FillSamplesSideBySide(_x, first, count, image, TSimd.Lanes);
        Packing.Transpose(_dy.At(first, 0), (nint)_dy.Stride, count, _g.K * _patches.Pixels, dy, TSimd.Lanes, TSimd.Lanes);
        for (var done = 0; done < _patches.Pixels; done += ChainLength)
        {
            var runCount = ListRuns(done, Math.Min(ChainLength, _patches.Pixels - done), image, runs);
            SumChains(runs, runCount, dy + ((long)done * TSimd.Lanes), done == 0 ? null : tile, sums);
        }

        Packing.Transpose(sums, TSimd.Lanes, SampleSums, count, _partials + ((long)first * SampleSums), SampleSums, SampleSums);
    }

    public void Dispose()
    {
        _patches.Dispose();
        _offsets.Dispose();
    }

    private static int Padded(int count, int multiple) => (count + multiple - 1) / multiple * multiple;

    /// <summary>Where taps are; those that fill up the last block repeat the last one.</summary>
    private void DescribeTaps()
    {
        var taps = Padded(_g.Reduction, TileTaps);
        var offsets = _offsets.Ensure<int>(taps);
        for (var tap = 0; tap < taps; tap++)
        {
            offsets[tap] = checked(_patches.Offsets[Math.Min(tap, _g.Reduction - 1)] * TSimd.Lanes);
        }
    }

    /// <summary>Rows of pixels, or parts of them.</summary>
    private int ListRuns(int first, int pixels, float* image, PixelRun* runs)
    {
        var count = 0;
        for (var done = 0; done < pixels; count++)
        {
            var (p, q) = Math.DivRem(first + done, _patches.PixelColumns);
            var length = Math.Min(_patches.PixelColumns - q, pixels - done);
            runs[count] = new PixelRun(image + ((((long)p * _patches.RowStep) + ((long)q * _patches.ColumnStep)) * TSimd.Lanes), length);
            done += length;
        }

        return count;
    }

    /// <param name="tile">Null for the first chains of the samples, which are written in place; later ones are added.</param>
    private void SumChains(PixelRun* runs, int count, float* dy, float* tile, float* sums)
    {
        var plane = (nint)_patches.Pixels * TSimd.Lanes;
        for (var filter = 0; filter < _g.K; filter += TileFilters)
        {
            // The second of a pair that is not there: the first once more.
            var second = filter + 1 < _g.K ? plane : 0;
            for (var tap = 0; tap < _g.Reduction; tap += TileTaps, sums += TileElements)
            {
                var target = tile == null ? sums : tile;
                SampleGradientKernel<TSimd, TVector>.Run(runs, count, (nint)_patches.ColumnStep * TSimd.Lanes, _offsets.Ensure<int>(0) + tap, dy + (filter * plane), second, target);
                if (tile != null)
                {
                    Vectors<TSimd, TVector>.AddTo(sums, tile, (int)TileElements);
                }
            }
        }
    }

    private void Emit(float* sums, float* target)
    {
        var taps = Padded(_g.Reduction, TileTaps);
        for (var filter = 0; filter < _g.K; filter++, target += _g.Reduction)
        {
            var source = sums + ((long)(filter / TileFilters) * TileFilters * taps) + (filter % TileFilters);
            for (var tap = 0; tap < _g.Reduction; tap++)
            {
                target[tap] = source[tap * TileFilters];
            }
        }
    }
}
