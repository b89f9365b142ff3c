using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Patches;

/// <summary>
/// A convolution as a product: rows are channels, columns the pixels of all local samples one after another, so that small images
/// waste no part of a tile, and B is the implicit im2col of a <see cref="PatchLayout"/>.
/// </summary>
internal sealed unsafe class ConvolutionProduct<TSimd, TVector>(ThreadTeam team, Scratch scratch) : BlockedProduct<TSimd, TVector>(team, scratch)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private ConvolutionCall? _call;

    private ConvolutionCall Call => _call!;

    private PatchLayout Patches => _call!.Patches;

    protected override int ColumnUnit => Patches.Pixels;

    public void Execute(ConvolutionCall call)
    {
        _call = call;
        Multiply(call.Channels, checked(call.Count * Patches.Pixels), call.Depth);
    }

    protected override long BlockWork(int columns) =>
        Patches.InPlace ? 0 : Math.Min(Call.Count, 2 + ((columns - 1) / Patches.Pixels)) * Patches.ImageElements;

    /// <summary>Gives the samples that the block touches their borders, as far as its pixels reach.</summary>
    protected override void BeginBlock(ColumnBlock block)
    {
        if (Patches.InPlace)
        {
            return;
        }

        var (first, last) = (block.First / Patches.Pixels, (block.First + block.Count - 1) / Patches.Pixels);
        for (var sample = first; sample <= last; sample++)
        {
            var firstPixel = Math.Max(0, block.First - (sample * Patches.Pixels));
            var endPixel = Math.Min(Patches.Pixels, block.First + block.Count - (sample * Patches.Pixels));
            Call.FillImage(sample, firstPixel, endPixel, Image(block, sample));
        }
    }

    protected override void PackA(int row, int rows, int k, int depth, float* panel) =>
        Call.PackWeights(row, rows, k, depth, panel, Kernel.Rows);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void PackB(ColumnBlock block, int column, int columns, int k, int depth, float* panel)
    {
        var runs = stackalloc PixelRun[Kernel.Columns];
        var end = runs + SplitIntoRuns(block, column, columns, runs);
        var (width, step) = (Kernel.Columns, Patches.ColumnStep);
        var offset = Patches.Offsets + k;
        for (var last = offset + depth; offset < last; offset++, panel += width)
        {
            if (step == 1)
            {
                CopyRuns(runs, end, *offset, panel);
            }
            else
            {
                GatherRuns(runs, end, *offset, step, panel);
            }
        }
    }

    protected override void Store(float* tile, float* prior, TilePlace place)
    {
        var finish = Call.Finish;
        var (sample, pixel) = (place.Column / Patches.Pixels, place.Column % Patches.Pixels);
        for (var done = 0; done < place.Columns; sample++, pixel = 0)
        {
            var length = Math.Min(Patches.Pixels - pixel, place.Columns - done);
            var element = ((long)place.Row * Patches.Pixels) + pixel;
            Epilogue<TSimd, TVector>.WriteChannels(
                tile + done,
                Kernel.Columns,
                place.Rows,
                length,
                Call.Target.At(sample, element),
                Patches.Pixels,
                finish,
                finish.At(sample, element, finish.Bias == null ? null : finish.Bias + place.Row, prior == null ? null : prior + done, Kernel.Columns));
            done += length;
        }
    }

    /// <summary>Copies runs of neighbouring pixels by whole vectors: what is written beyond is overwritten by the next run or row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyRuns(PixelRun* run, PixelRun* end, nint offset, float* row)
    {
        for (; run < end; run++)
        {
            var source = run->Source + offset;
            var target = row + run->Column;
            TSimd.Store(target, TSimd.Load(source));
            for (var i = TSimd.Lanes; i < run->Length; i += TSimd.Lanes)
            {
                TSimd.Store(target + i, TSimd.Load(source + i));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void GatherRuns(PixelRun* run, PixelRun* end, nint offset, int step, float* row)
    {
        for (; run < end; run++)
        {
            var source = run->Source + offset;
            var target = row + run->Column;
            for (var i = 0; i < run->Length; i++)
            {
                target[i] = source[i * step];
            }
        }
    }

    /// <summary>The runs of neighbouring pixels in one row of one sample that make up some columns.</summary>
    private int SplitIntoRuns(ColumnBlock block, int column, int columns, PixelRun* runs)
    {
        var count = 0;
        for (var done = 0; done < columns; count++)
        {
            var (sample, pixel) = ((column + done) / Patches.Pixels, (column + done) % Patches.Pixels);
            var (p, q) = (pixel / Patches.RunPixels, pixel % Patches.RunPixels);
            var length = Math.Min(Patches.RunPixels - q, columns - done);
            runs[count] = new PixelRun(Image(block, sample) + (p * Patches.RowStep) + (q * Patches.ColumnStep), done, length);
            done += length;
        }

        return count;
    }

    private float* Image(ColumnBlock block, int sample) =>
        Patches.InPlace
            ? Call.Source.At(sample, 0)
            : block.Work + ((sample - (block.First / Patches.Pixels)) * Patches.ImageElements);

    private readonly struct PixelRun(float* source, int column, int length)
    {
        public readonly float* Source = source;
        public readonly int Column = column;
        public readonly int Length = length;
    }
}
