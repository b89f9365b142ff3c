using Trainer.Kernels.Devices.Cpu.Convolution.Patches;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Direct;

/// <summary>
/// A convolution with few target channels in a group, where packing patches would cost as much as multiplying them: they are read where
/// they lie. Pixels are numbered along the rows of the image with its borders, so that neighbours stay neighbours from one row to the next and
/// vectors are full; what lies between two rows of pixels is computed and thrown away. A piece of work is a sample, or some of its groups.
/// </summary>
/// <remarks>
/// A <see cref="PhaseImage"/> makes neighbours of the pixels that a stride leaves apart. Depthwise convolutions have a kernel for a single channel.
/// </remarks>
internal sealed unsafe class DirectConvolution<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork, IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int ChainLength = 512;

    /// <summary>Channels that the larger micro-kernels compute.</summary>
    private const int ManyChannels = 6;

    /// <summary>Pixels of a piece of work, about.</summary>
    private const int PiecePixels = 4096;

    private readonly PhaseImage _image = new();
    private readonly NativeBuffer _weights = new();
    private ConvolutionCall? _call;
    private int _blockChannels;
    private int _pieceGroups;
    private int _places;
    private int _paddedPlaces;

    private static int NarrowTile => 2 * TSimd.Lanes;

    private int WideTile => (_blockChannels == 1 ? 8 : TSimd.Lanes == 16 ? 4 : 2) * TSimd.Lanes;

    private PatchLayout Patches => _call!.Patches;

    private int PixelRows => Patches.Pixels / Patches.PixelColumns;

    private int Blocks => (_call!.Channels + _blockChannels - 1) / _blockChannels;

    private int PiecesPerSample => (_call!.Groups + _pieceGroups - 1) / _pieceGroups;

    private long GroupWeights => (long)Blocks * _blockChannels * _call!.Depth;

    /// <summary>Whether this is likely to be faster than a product with packed patches. Both have the same bits.</summary>
    public static bool Suits(ConvolutionCall call)
    {
        var (patches, grouped) = (call.Patches, call.Groups > 1);
        var (isStrided, isPointwise) = (patches.ColumnStep != 1 || patches.StrideRows != 1, call.Depth == patches.Channels);
        if (call.Channels > 24 || (!grouped && (isStrided || isPointwise)) || patches.ImageElements > (grouped ? 256 : 64) << 10)
        {
            return false;
        }

        return 2L * patches.Pixels * call.Channels >= Outputs(call);
    }

    /// <summary>Outputs that are computed for a group of a sample, those that nobody asked for included.</summary>
    public static long Outputs(ConvolutionCall call)
    {
        var block = BlockChannels(call);
        return Padded(Places(call.Patches)) * ((call.Channels + block - 1) / block * block);
    }

    public void Execute(ConvolutionCall call)
    {
        (_call, _blockChannels) = (call, BlockChannels(call));
        _image.Describe(call.Patches, call.Depth);
        _places = (int)Places(Patches);
        _paddedPlaces = (int)Padded(_places);
        _pieceGroups = Math.Clamp(PiecePixels / Patches.Pixels, 1, call.Groups);
        var weights = _weights.Ensure<float>((GroupWeights * call.Groups) + CpuMemory.Slack);
        for (var group = 0; group < call.Groups; group++, weights += GroupWeights)
        {
            for (var first = 0; first < call.Channels; first += _blockChannels)
            {
                var channels = Math.Min(_blockChannels, call.Channels - first);
                call.PackWeights(first, channels, 0, call.Depth, weights + ((long)first * call.Depth), _blockChannels, group);
            }
        }

        scratch.EnsureOwn(ImageElements + Patches.ImageElements + MicroKernel.LargestTile + SumElements + PixelRows + CpuMemory.Slack);
        team.Run(this, call.Count * PiecesPerSample);
    }

    public override void Run(int piece, int thread)
    {
        var (sample, part) = Math.DivRem(piece, PiecesPerSample);
        var image = scratch.Own(thread);
        var tile = image + ImageElements;
        var sums = tile + MicroKernel.LargestTile;
        var biases = sums + SumElements;
        for (var group = part * _pieceGroups; group < Math.Min(_call!.Groups, (part + 1) * _pieceGroups); group++)
        {
            FillImage(sample, group, image, biases + PixelRows);
            for (var block = 0; block < Blocks; block++)
            {
                var weights = _weights.Ensure<float>(0) + (group * GroupWeights) + ((long)block * _blockChannels * _call.Depth);
                for (var place = 0; place < _places;)
                {
                    var width = _paddedPlaces - place >= WideTile ? WideTile : NarrowTile;
                    Convolve(weights, image + place, width, tile, sums + place);
                    place += width;
                }

                var channel = block * _blockChannels;
                EmitPlanes(sample, group, channel, Math.Min(_blockChannels, _call.Channels - channel), sums, biases);
            }
        }
    }

    public void Dispose()
    {
        _image.Dispose();
        _weights.Dispose();
    }

    private long ImageElements => _image.Elements + WideTile + CpuMemory.Slack;

    private long SumElements => (long)_blockChannels * _paddedPlaces;

    private static int BlockChannels(ConvolutionCall call) => call.Groups > 1 && call.Channels < 3 ? 1 : ManyChannels;

    /// <summary>Of an image that <see cref="PhaseImage"/> gives.</summary>
    private static long Places(PatchLayout patches) =>
        (((patches.Pixels / patches.PixelColumns) - 1) * PhaseImage.WidthOf(patches)) + patches.PixelColumns;

    private static long Padded(long places) => (places + NarrowTile - 1) / NarrowTile * NarrowTile;

    private void FillImage(int sample, int group, float* image, float* bordered)
    {
        if (_image.IsPlain)
        {
            _call!.FillImage(sample, 0, Patches.Pixels, image, group);
        }
        else
        {
            _call!.FillImage(sample, 0, Patches.Pixels, bordered, group);
            _image.Split<TSimd, TVector>(bordered, image);
        }
    }

    /// <summary>A block of channels at neighbouring places.</summary>
    private void Convolve(float* weights, float* source, int width, float* tile, float* sums)
    {
        for (var k = 0; k < _call!.Depth; k += ChainLength)
        {
            var depth = Math.Min(ChainLength, _call.Depth - k);
            var (offsets, a) = ((nint)(_image.Offsets + k), (nint)(weights + ((long)k * _blockChannels)));
            var (target, stride) = k == 0 ? ((nint)sums, _paddedPlaces) : ((nint)tile, width);
            DirectKernelChoice<TSimd, TVector>.Run(_blockChannels, width, depth, (float*)a, (int*)offsets, source, (float*)target, stride);
            for (var row = 0; k > 0 && row < _blockChannels; row++)
            {
                Vectors<TSimd, TVector>.AddTo(sums + (row * _paddedPlaces), tile + (row * width), width);
            }
        }
    }

    /// <summary>Some channels of a group: whole planes, one behind the other, which an activation by a formula goes over in one loop.</summary>
    /// <param name="biases">Memory for as many as there are rows of pixels.</param>
    private void EmitPlanes(int sample, int group, int channel, int channels, float* sums, float* biases)
    {
        var call = _call!;
        var first = ((long)group * call.Channels) + channel;
        if (!Epilogue<TSimd, TVector>.IsFormula(call.Finish))
        {
            Emit(sample, first, channels, call.Finish, sums, biases);
            return;
        }

        Emit(sample, first, channels, call.Finish.WithoutActivation(), sums, biases);
        ActivationRows<TSimd, TVector>.Apply(call.Finish.Activation, call.Target.At(sample, first * Patches.Pixels), channels * Patches.Pixels);
    }

    private void Emit(int sample, long first, int channels, in Finish finish, float* sums, float* biases)
    {
        var call = _call!;
        var bias = finish.Bias == null ? null : finish.Bias + first;
        if (channels == 1)
        {
            EmitChannel(sample, first * Patches.Pixels, finish, sums, bias, biases);
            return;
        }

        for (var pixel = 0; pixel < Patches.Pixels; pixel += Patches.PixelColumns, sums += _image.Width)
        {
            var element = (first * Patches.Pixels) + pixel;
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

    /// <summary>All rows of a channel at once, as if they were channels with the same bias.</summary>
    private void EmitChannel(int sample, long element, in Finish finish, float* sums, float* bias, float* biases)
    {
        new Span<float>(biases, PixelRows).Fill(bias == null ? 0 : *bias);
        Epilogue<TSimd, TVector>.WriteChannels(
            sums,
            _image.Width,
            PixelRows,
            Patches.PixelColumns,
            _call!.Target.At(sample, element),
            Patches.PixelColumns,
            finish,
            finish.At(sample, element, bias == null ? null : biases, null, 0));
    }
}
