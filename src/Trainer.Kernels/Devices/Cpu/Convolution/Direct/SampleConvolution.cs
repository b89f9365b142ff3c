using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Convolution.Patches;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Direct;

/// <summary>
/// A convolution of small images with a wide border, much of what <see cref="DirectConvolution{TSimd,TVector}"/> would multiply being zeros: samples are the lanes, so
/// that each pixel has the taps that see the image, and no others. A piece of work is as many samples as two vectors have lanes.
/// </summary>
/// <remarks>
/// The same bits. A zero of the border times a weight that is finite leaves a sum as it is, unless that is -0, which may become +0; and it is -0 only if all that was added
/// rounds to it. Such outputs are computed once more, with the border.
/// </remarks>
internal sealed unsafe class SampleConvolution<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork, IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>Terms of a dot product at most: one chain of Form C.</summary>
    private const int MostTerms = 512;

    /// <summary>Target channels of a tile.</summary>
    private const int TileChannels = 6;

    /// <summary>Elements of a piece at most, which is to stay in a second-level cache.</summary>
    private const int MostElements = 128 << 10;

    private const int NegativeZero = int.MinValue;

    private readonly NativeBuffer _weights = new();
    private readonly TapRuns _runs = new();
    private ConvolutionCall? _call;

    private static int Samples => 2 * TSimd.Lanes;

    private PatchLayout Patches => _call!.Patches;

    private int Taps => Patches.TapRows * Patches.TapColumns;

    private long SourceElements => Patches.SourceElements * Samples;

    private long PlanesElements => (long)Padded(_call!.Channels) * Patches.Pixels * Samples;

    private float* Weights => _weights.Ensure<float>(0);

    /// <summary>
    /// Whether a thread multiplies so much less than with <see cref="DirectConvolution{TSimd,TVector}"/> that turning samples into lanes and back is worth it, though lanes
    /// and threads may be left over.
    /// </summary>
    public bool Suits(ConvolutionCall call)
    {
        var patches = call.Patches;
        if (call.Groups > 1 || call.Depth > MostTerms || patches.InPlace || patches.StrideRows != 1 || patches.ColumnStep != 1
            || Samples * (patches.SourceElements + (2L * Padded(call.Channels) * patches.Pixels)) > MostElements)
        {
            return false;
        }

        var turns = (PiecesOf(call.Count) + team.Count - 1) / team.Count;
        var products = turns * team.Count * Samples * Padded(call.Channels) * patches.Channels * TapRuns.CountOf(patches);
        return 10 * call.Count * DirectConvolution<TSimd, TVector>.Outputs(call) * call.Depth > 13 * products;
    }

    /// <returns>False, and nothing is done: a weight is not finite, and times a zero of the border it would be a NaN.</returns>
    public bool TryExecute(ConvolutionCall call)
    {
        _call = call;
        if (!PackWeights())
        {
            return false;
        }

        _runs.Describe(Patches);
        scratch.EnsureOwn(SourceElements + (2 * PlanesElements) + (2 * CpuMemory.Slack));
        team.Run(this, PiecesOf(call.Count));
        return true;
    }

    public override void Run(int piece, int thread)
    {
        var call = _call!;
        var (first, outputs) = (piece * Samples, call.Channels * Patches.Pixels);
        var count = Math.Min(Samples, call.Count - first);
        var source = scratch.Own(thread);
        var planes = source + SourceElements + CpuMemory.Slack;
        var samples = planes + PlanesElements + CpuMemory.Slack;
        Fill(first, count, source);
        for (var channel = 0; channel < call.Channels; channel += TileChannels)
        {
            Convolve(source, channel, planes + ((long)channel * Patches.Pixels * Samples));
        }

        MendZeros(source, planes, outputs);
        Packing.Transpose(planes, Samples, outputs, count, samples, outputs, outputs);
        for (var sample = 0; sample < count; sample++, samples += outputs)
        {
            var finish = call.Finish;
            Epilogue<TSimd, TVector>.WriteChannels(
                samples, Patches.Pixels, call.Channels, Patches.Pixels, call.Target.At(first + sample, 0), Patches.Pixels, finish, finish.At(first + sample, 0, finish.Bias, null, 0));
        }
    }

    public void Dispose()
    {
        _weights.Dispose();
        _runs.Dispose();
    }

    private static int PiecesOf(int samples) => (samples + Samples - 1) / Samples;

    private static int Padded(int channels) => (channels + TileChannels - 1) / TileChannels * TileChannels;

    /// <summary>(channel / 6, k, channel % 6); channels that there are not are copies.</summary>
    private bool PackWeights()
    {
        var call = _call!;
        var elements = Padded(call.Channels) * call.Depth;
        var weights = _weights.Ensure<float>(elements + CpuMemory.Slack);
        for (var channel = 0; channel < call.Channels; channel += TileChannels)
        {
            var channels = Math.Min(TileChannels, call.Channels - channel);
            var panel = weights + ((long)channel * call.Depth);
            new Span<float>(panel, TileChannels * call.Depth).Clear();
            call.PackWeights(channel, channels, 0, call.Depth, panel, TileChannels);
        }

        var areFinite = true;
        for (var i = 0; i < elements; i++)
        {
            areFinite &= float.IsFinite(weights[i]);
        }

        return areFinite;
    }

    /// <summary>(element, sample); samples that there are not are zeros.</summary>
    private void Fill(int first, int count, float* source)
    {
        if (count < Samples)
        {
            new Span<float>(source, checked((int)SourceElements)).Clear();
        }

        Packing.Transpose(_call!.Source.At(first, 0), (nint)_call.Source.Stride, count, (int)Patches.SourceElements, source, Samples, count);
    }

    private void Convolve(float* source, int channel, float* planes)
    {
        var weights = Weights + ((long)channel * _call!.Depth);
        for (var pixel = 0; pixel < Patches.Pixels; pixel++, planes += Samples)
        {
            var seen = _runs.Of(pixel);
            fixed (TapRun* runs = seen)
            {
                Rows6Vectors2(
                    runs, seen.Length, _runs.Step * Samples, Patches.Channels, weights, Taps * TileChannels, source, Patches.PlaneElements * Samples, planes, Patches.Pixels * Samples);
            }
        }
    }

    /// <summary>A pixel of six channels, two vectors of samples each: the chains, from +0, over the source's channels and the taps that see the image. Form C.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows6Vectors2(
        TapRun* runs, nint count, nint step, nint channels, float* weights, nint filter, float* source, nint plane, float* sums, nint stride)
    {
        var zero = TSimd.Broadcast(0);
        TVector c0a = zero, c0b = zero;
        TVector c1a = zero, c1b = zero;
        TVector c2a = zero, c2b = zero;
        TVector c3a = zero, c3b = zero;
        TVector c4a = zero, c4b = zero;
        TVector c5a = zero, c5b = zero;
        for (; channels > 0; channels--, weights += filter, source += plane)
        {
            for (var run = runs; run < runs + count; run++)
            {
                var a = weights + ((nint)run->Tap * TileChannels);
                var x = source + ((nint)run->Element * 2 * TSimd.Lanes);
                for (var end = a + ((nint)run->Count * TileChannels); a < end; a += TileChannels, x += step)
                {
                    TVector xa = TSimd.Load(x), xb = TSimd.Load(x + TSimd.Lanes);
                    var m = TSimd.Broadcast(a[0]);
                    c0a = TSimd.MultiplyAdd(m, xa, c0a);
                    c0b = TSimd.MultiplyAdd(m, xb, c0b);
                    m = TSimd.Broadcast(a[1]);
                    c1a = TSimd.MultiplyAdd(m, xa, c1a);
                    c1b = TSimd.MultiplyAdd(m, xb, c1b);
                    m = TSimd.Broadcast(a[2]);
                    c2a = TSimd.MultiplyAdd(m, xa, c2a);
                    c2b = TSimd.MultiplyAdd(m, xb, c2b);
                    m = TSimd.Broadcast(a[3]);
                    c3a = TSimd.MultiplyAdd(m, xa, c3a);
                    c3b = TSimd.MultiplyAdd(m, xb, c3b);
                    m = TSimd.Broadcast(a[4]);
                    c4a = TSimd.MultiplyAdd(m, xa, c4a);
                    c4b = TSimd.MultiplyAdd(m, xb, c4b);
                    m = TSimd.Broadcast(a[5]);
                    c5a = TSimd.MultiplyAdd(m, xa, c5a);
                    c5b = TSimd.MultiplyAdd(m, xb, c5b);
                }
            }
        }

        TSimd.Store(sums, c0a);
        TSimd.Store(sums + TSimd.Lanes, c0b);
        TSimd.Store(sums + stride, c1a);
        TSimd.Store(sums + stride + TSimd.Lanes, c1b);
        TSimd.Store(sums + (2 * stride), c2a);
        TSimd.Store(sums + (2 * stride) + TSimd.Lanes, c2b);
        TSimd.Store(sums + (3 * stride), c3a);
        TSimd.Store(sums + (3 * stride) + TSimd.Lanes, c3b);
        TSimd.Store(sums + (4 * stride), c4a);
        TSimd.Store(sums + (4 * stride) + TSimd.Lanes, c4b);
        TSimd.Store(sums + (5 * stride), c5a);
        TSimd.Store(sums + (5 * stride) + TSimd.Lanes, c5b);
    }

    private void MendZeros(float* source, float* planes, int outputs)
    {
        var bits = new ReadOnlySpan<int>(planes, outputs * Samples);
        for (var next = bits.IndexOf(NegativeZero); next >= 0;)
        {
            var (output, sample) = Math.DivRem(next, Samples);
            planes[next] = SumWithBorder(source + sample, output);
            var later = bits[(next + 1)..].IndexOf(NegativeZero);
            next = later < 0 ? later : next + 1 + later;
        }
    }

    private float SumWithBorder(float* source, int output)
    {
        var (channel, pixel) = Math.DivRem(output, Patches.Pixels);
        var weights = Weights + ((long)(channel / TileChannels) * TileChannels * _call!.Depth) + (channel % TileChannels);
        var sum = 0f;
        for (var k = 0; k < _call.Depth; k++)
        {
            var (plane, tap) = Math.DivRem(k, Taps);
            var (r, s) = Math.DivRem(tap, Patches.TapColumns);
            var (p, q) = Math.DivRem(pixel, Patches.PixelColumns);
            var seen = Patches.SourceRow(r, p) is { } row && Patches.SourceColumn(s, q) is { } column
                ? source[((plane * Patches.PlaneElements) + (row * Patches.SourceColumns) + column) * Samples] : 0;
            sum = MathF.FusedMultiplyAdd(weights[k * TileChannels], seen, sum);
        }

        return sum;
    }
}
