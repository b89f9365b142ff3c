using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Reduction;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Convolution;

/// <summary>
/// A convolution with stride 1 along rows and few target channels, where packing patches would cost as much as multiplying them: vectors of
/// neighbouring pixels are read from the images in place. A piece of work is a few samples; a tile takes the same row of each.
/// </summary>
internal sealed unsafe class DirectConvolution<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork, IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>Most channels of a target: the rows of the micro-kernel.</summary>
    public const int Channels = 6;

    /// <summary>Samples of a piece of work; their rows fill the vectors of a tile even where a row is one vector.</summary>
    private const int PieceSamples = 4;

    private readonly TapClasses _taps = new();
    private ConvolutionCall? _call;

    private static int TileVectors => TSimd.Lanes == 16 ? 4 : 2;

    private PatchLayout Patches => _call!.Patches;

    public void Execute(ConvolutionCall call)
    {
        _call = call;
        _taps.Describe(call, Channels);
        scratch.EnsureOwn((2 * MicroKernel.LargestTile) + CpuMemory.Slack + (Patches.InPlace ? 0 : PieceSamples * Patches.ImageElements));
        team.Run(this, (call.Count + PieceSamples - 1) / PieceSamples);
    }

    public override void Run(int piece, int thread)
    {
        var tile = scratch.Own(thread);
        var images = tile + (2 * MicroKernel.LargestTile) + CpuMemory.Slack;
        var first = piece * PieceSamples;
        var end = Math.Min(_call!.Count, first + PieceSamples);
        for (var sample = first; sample < end && !Patches.InPlace; sample++)
        {
            _call.FillImage(sample, 0, Patches.Pixels, images + ((sample - first) * Patches.ImageElements));
        }

        for (var row = 0; row < Patches.Pixels / Patches.PixelColumns; row++)
        {
            ConvolveRow(first, end, row, images, tile);
        }
    }

    public void Dispose() => _taps.Dispose();

    /// <summary>A row of pixels of some samples, a tile's worth of vectors at a time.</summary>
    private void ConvolveRow(int first, int end, int row, float* images, float* tile)
    {
        var columns = stackalloc float*[TileVectors];
        var places = stackalloc VectorPlace[TileVectors];
        var count = 0;
        for (var sample = first; sample < end; sample++)
        {
            var image = Patches.InPlace
                ? _call!.Source.At(sample, 0)
                : images + ((sample - first) * Patches.ImageElements);
            var target = (long)row * Patches.PixelColumns;
            for (var q = 0; q < Patches.PixelColumns; q += TSimd.Lanes)
            {
                columns[count] = image + (row * Patches.RowStep) + q;
                places[count++] = new VectorPlace(sample, target + q, Math.Min(TSimd.Lanes, Patches.PixelColumns - q));
                if (count == TileVectors)
                {
                    ConvolveTile(row, columns, places, count, tile);
                    count = 0;
                }
            }
        }

        if (count > 0)
        {
            for (var i = count; i < TileVectors; i++)
            {
                columns[i] = columns[0];
            }

            ConvolveTile(row, columns, places, count, tile);
        }
    }

    private void ConvolveTile(int row, float** columns, VectorPlace* places, int count, float* tile)
    {
        var sums = tile + MicroKernel.LargestTile;
        for (var chain = 0; chain < _taps.Chains; chain++)
        {
            var terms = _taps.Terms(row, chain, out var offsets, out var weights);
            var target = chain == 0 ? sums : tile;
            if (TSimd.Lanes == 16)
            {
                DirectKernels<TSimd, TVector>.Rows6Vectors4(terms, weights, offsets, columns, target);
            }
            else
            {
                DirectKernels<TSimd, TVector>.Rows6Vectors2(terms, weights, offsets, columns, target);
            }

            if (chain > 0)
            {
                Vectors<TSimd, TVector>.AddTo(sums, tile, Channels * TileVectors * TSimd.Lanes);
            }
        }

        Store(sums, places, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Store(float* tile, VectorPlace* places, int count)
    {
        var call = _call!;
        var finish = call.Finish;
        long plane = Patches.Pixels;
        for (var channel = 0; channel < call.Channels; channel++)
        {
            var bias = finish.Bias == null ? null : finish.Bias + channel;
            for (var i = 0; i < count; i++)
            {
                var element = places[i].Element + (channel * plane);
                Epilogue<TSimd, TVector>.WriteVector(
                    tile + (((channel * TileVectors) + i) * TSimd.Lanes),
                    call.Target.At(places[i].Sample, element),
                    places[i].Count,
                    0,
                    finish,
                    finish.At(places[i].Sample, element, bias, null, 0),
                    true);
            }
        }
    }

    /// <param name="element">Of channel 0 in the target.</param>
    /// <param name="count">Pixels of the vector that there are.</param>
    private readonly struct VectorPlace(int sample, long element, int count)
    {
        public readonly int Sample = sample;
        public readonly long Element = element;
        public readonly int Count = count;
    }
}
