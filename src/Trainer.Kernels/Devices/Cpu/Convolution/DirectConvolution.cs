using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Reduction;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Convolution;

/// <summary>
/// A convolution without stride and with few target channels, where packing patches would cost as much as multiplying them: they are read where
/// they lie. Pixels are numbered along the rows of the image with its borders, so that neighbours stay neighbours from one row to the next and
/// vectors are full; what lies between two rows of pixels is computed and thrown away. A piece of work is a sample.
/// </summary>
internal sealed unsafe class DirectConvolution<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork, IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int ChainLength = 512;

    /// <summary>Channels that a micro-kernel computes.</summary>
    private const int GroupChannels = 6;

    private readonly NativeBuffer _weights = new();
    private ConvolutionCall? _call;
    private int _groups;
    private int _places;
    private int _paddedPlaces;

    private static int WideTile => (TSimd.Lanes == 16 ? 4 : 2) * TSimd.Lanes;

    private static int NarrowTile => 2 * TSimd.Lanes;

    private PatchLayout Patches => _call!.Patches;

    private long ImageElements => Patches.ImageElements + WideTile + CpuMemory.Slack;

    /// <summary>Whether this is likely to be faster than a product with packed patches. Both have the same bits.</summary>
    public static bool Suits(ConvolutionCall call)
    {
        var patches = call.Patches;
        var (pixels, rows) = (patches.Pixels, patches.Pixels / patches.PixelColumns);
        if (patches.ColumnStep != 1 || patches.StrideRows != 1 || call.Channels > 24 || call.Depth == patches.Channels || patches.ImageElements > 64 << 10)
        {
            return false;
        }

        var places = Padded(((rows - 1) * patches.Width) + patches.PixelColumns);
        return 2L * pixels * call.Channels >= (long)places * Groups(call.Channels) * GroupChannels;
    }

    public void Execute(ConvolutionCall call)
    {
        (_call, _groups) = (call, Groups(call.Channels));
        _places = (((Patches.Pixels / Patches.PixelColumns) - 1) * Patches.Width) + Patches.PixelColumns;
        _paddedPlaces = Padded(_places);
        var weights = _weights.Ensure<float>((long)_groups * GroupChannels * call.Depth + CpuMemory.Slack);
        for (var group = 0; group < _groups; group++)
        {
            var first = group * GroupChannels;
            call.PackWeights(first, Math.Min(GroupChannels, call.Channels - first), 0, call.Depth, weights + ((long)first * call.Depth), GroupChannels);
        }

        scratch.EnsureOwn(ImageElements + MicroKernel.LargestTile + ((long)GroupChannels * _paddedPlaces) + CpuMemory.Slack);
        team.Run(this, call.Count);
    }

    public override void Run(int piece, int thread)
    {
        var image = scratch.Own(thread);
        var tile = image + ImageElements;
        var sums = tile + MicroKernel.LargestTile;
        _call!.FillImage(piece, 0, Patches.Pixels, image);
        for (var group = 0; group < _groups; group++)
        {
            var weights = _weights.Ensure<float>(0) + ((long)group * GroupChannels * _call.Depth);
            for (var place = 0; place < _places;)
            {
                var width = _paddedPlaces - place >= WideTile ? WideTile : NarrowTile;
                Convolve(weights, image + place, width, tile, sums + place);
                place += width;
            }

            Emit(piece, group * GroupChannels, sums);
        }
    }

    public void Dispose() => _weights.Dispose();

    private static int Groups(int channels) => (channels + GroupChannels - 1) / GroupChannels;

    private static int Padded(int places) => (places + NarrowTile - 1) / NarrowTile * NarrowTile;

    /// <summary>Six channels of neighbouring places.</summary>
    private void Convolve(float* weights, float* source, int width, float* tile, float* sums)
    {
        for (var k = 0; k < _call!.Depth; k += ChainLength)
        {
            var depth = Math.Min(ChainLength, _call.Depth - k);
            var (offsets, a) = ((nint)(Patches.Offsets + k), (nint)(weights + ((long)k * GroupChannels)));
            var (target, stride) = k == 0 ? ((nint)sums, _paddedPlaces) : ((nint)tile, width);
            if (width == 4 * TSimd.Lanes)
            {
                DirectKernels<TSimd, TVector>.Rows6Vectors4(depth, (float*)a, (int*)offsets, source, (float*)target, stride);
            }
            else
            {
                DirectKernels<TSimd, TVector>.Rows6Vectors2(depth, (float*)a, (int*)offsets, source, (float*)target, stride);
            }

            for (var row = 0; k > 0 && row < GroupChannels; row++)
            {
                Vectors<TSimd, TVector>.AddTo(sums + (row * _paddedPlaces), tile + (row * width), width);
            }
        }
    }

    private void Emit(int sample, int channel, float* sums)
    {
        var call = _call!;
        var (finish, channels) = (call.Finish, Math.Min(GroupChannels, call.Channels - channel));
        var bias = finish.Bias == null ? null : finish.Bias + channel;
        for (var first = 0; first < Patches.Pixels; first += Patches.PixelColumns, sums += Patches.Width)
        {
            var element = ((long)channel * Patches.Pixels) + first;
            Epilogue<TSimd, TVector>.WriteChannels(
                sums,
                _paddedPlaces,
                channels,
                Patches.PixelColumns,
                call.Target.At(sample, element),
                Patches.Pixels,
                finish,
                finish.At(sample, element, bias, null, 0));
        }
    }
}
