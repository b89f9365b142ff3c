using Trainer.Kernels.Devices.Cpu.Convolution.Patches;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Reduction;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Direct;

/// <summary>
/// A convolution to channels that fill vectors from images so small that <see cref="DirectConvolution{TSimd,TVector}"/> would throw much of what it computes away: target
/// channels are the lanes and pixels the rows of a tile, whose patches are read where they lie. A piece of work is a sample. The same bits.
/// </summary>
internal sealed unsafe class ChannelConvolution<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork, IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>Terms of a dot product at most: one chain of Form C.</summary>
    private const int MostTerms = 512;

    private readonly NativeBuffer _weights = new();
    private readonly NativeBuffer _pixels = new();
    private ConvolutionCall? _call;
    private GradientKernel _kernel;
    private int _step;

    private PatchLayout Patches => _call!.Patches;

    private int PaddedPixels => _kernel.RowPanels(Patches.Pixels) * _kernel.Rows;

    private long ImageElements => Patches.InPlace ? 0 : Patches.ImageElements;

    private static long RunElements => (long)MostTerms * sizeof(PixelRun) / sizeof(float);

    /// <summary>Whether this computes so many fewer outputs that nobody asked for than <see cref="DirectConvolution{TSimd,TVector}"/>, whose outputs cost less to write.</summary>
    public static bool Suits(ConvolutionCall call)
    {
        if (call.Groups > 1 || call.Depth > MostTerms)
        {
            return false;
        }

        var kernel = GradientKernelChoice<TSimd, TVector>.For(call.Patches.Pixels, call.Channels);
        var outputs = (long)kernel.RowPanels(call.Patches.Pixels) * kernel.ColumnPanels(call.Channels) * kernel.Tile;
        return 10 * DirectConvolution<TSimd, TVector>.Outputs(call) > 12 * outputs;
    }

    public void Execute(ConvolutionCall call)
    {
        _call = call;
        _kernel = GradientKernelChoice<TSimd, TVector>.For(Patches.Pixels, call.Channels);
        _step = call.Depth > 1 ? Patches.Offsets[1] - Patches.Offsets[0] : 1;
        PackWeights();
        PlacePixels();
        var sums = (long)PaddedPixels * _kernel.Columns;
        scratch.EnsureOwn(ImageElements + RunElements + sums + ((long)call.Channels * Patches.Pixels) + (2 * CpuMemory.Slack));
        team.Run(this, call.Count);
    }

    public override void Run(int piece, int thread)
    {
        var call = _call!;
        var runs = (PixelRun*)scratch.Own(thread);
        var sums = (float*)runs + RunElements;
        var planes = sums + ((long)PaddedPixels * _kernel.Columns) + CpuMemory.Slack;
        var image = planes + ((long)call.Channels * Patches.Pixels) + CpuMemory.Slack;
        if (Patches.InPlace)
        {
            image = call.Source.At(piece, 0);
        }
        else
        {
            call.FillImage(piece, 0, Patches.Pixels, image);
        }

        var count = ListRuns(image, runs);
        for (var channel = 0; channel < call.Channels; channel += _kernel.Columns)
        {
            Convolve(runs, count, channel, sums);
            var channels = Math.Min(_kernel.Columns, call.Channels - channel);
            Packing.Transpose(sums, _kernel.Columns, Patches.Pixels, channels, planes + ((long)channel * Patches.Pixels), Patches.Pixels, Patches.Pixels);
        }

        var finish = call.Finish;
        Epilogue<TSimd, TVector>.WriteChannels(
            planes, Patches.Pixels, call.Channels, Patches.Pixels, call.Target.At(piece, 0), Patches.Pixels, finish, finish.At(piece, 0, finish.Bias, null, 0));
    }

    public void Dispose()
    {
        _weights.Dispose();
        _pixels.Dispose();
    }

    private void Convolve(PixelRun* runs, int count, int channel, float* sums)
    {
        var weights = _weights.Ensure<float>(0) + ((long)channel * _call!.Depth);
        var pixels = _pixels.Ensure<int>(0);
        for (var pixel = 0; pixel < Patches.Pixels; pixel += _kernel.Rows, sums += _kernel.Tile)
        {
            _kernel.Run(runs, count, _step, pixels + pixel, weights, sums);
        }
    }

    private void PackWeights()
    {
        var call = _call!;
        var weights = _weights.Ensure<float>(((long)_kernel.ColumnPanels(call.Channels) * _kernel.Columns * call.Depth) + CpuMemory.Slack);
        for (var channel = 0; channel < call.Channels; channel += _kernel.Columns)
        {
            var channels = Math.Min(_kernel.Columns, call.Channels - channel);
            call.PackWeights(channel, channels, 0, call.Depth, weights + ((long)channel * call.Depth), _kernel.Columns);
        }
    }

    /// <summary>Where the patch of each pixel lies; rows that there are not repeat the last.</summary>
    private void PlacePixels()
    {
        var pixels = _pixels.Ensure<int>(PaddedPixels);
        for (var i = 0; i < PaddedPixels; i++)
        {
            var (p, q) = Math.DivRem(Math.Min(i, Patches.Pixels - 1), Patches.PixelColumns);
            pixels[i] = (p * Patches.RowStep) + (q * Patches.ColumnStep);
        }
    }

    /// <summary>The terms of a dot product as runs of elements a step apart: the rows of the filter.</summary>
    private int ListRuns(float* image, PixelRun* runs)
    {
        var offsets = Patches.Offsets;
        var count = 0;
        for (int k = 0, next; k < _call!.Depth; k = next, count++)
        {
            for (next = k + 1; next < _call.Depth && offsets[next] - offsets[next - 1] == _step; next++)
            {
            }

            runs[count] = new PixelRun(image + offsets[k], next - k);
        }

        return count;
    }
}
