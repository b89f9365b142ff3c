using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Patches;

/// <summary>
/// One forward or backward-data pass in the words that both share: target (samples, Channels, pixels) = weights (Channels x Depth)
/// times the patches of the source images; where there are several groups, for each of them, one behind the other.
/// </summary>
internal sealed unsafe class ConvolutionCall : IDisposable
{
    private readonly NativeBuffer _tapMemory = new();
    private float* _weights;
    private int* _taps;
    private bool _areTapsAll;
    private int _filter;
    private long _filterStride;
    private int _channelStride;
    private long _groupStride;

    public PatchLayout Patches { get; } = new();

    /// <summary>Samples.</summary>
    public int Count { get; private set; }

    public int Groups { get; private set; }

    /// <summary>Channels of the target in a group.</summary>
    public int Channels { get; private set; }

    /// <summary>Length of a dot product.</summary>
    public int Depth { get; private set; }

    /// <summary>Images (Groups, Patches.Channels, ...) without borders.</summary>
    public SampleRows Source { get; private set; }

    public SampleRows Target { get; private set; }

    public Finish Finish { get; private set; }

    /// <summary>y from x; weight (k, (c,r,s)).</summary>
    public void Forward(in Conv2dGeometry g, int samples, SampleRows x, float* w, in Finish finish, SampleRows y)
    {
        var part = g.OfGroup();
        Patches.Forward(part);
        Describe(g, samples, part.K, g.Reduction, x, y, finish);
        _weights = w;
        (_filter, _filterStride, _channelStride) = (g.Reduction, 0, g.Reduction);
    }

    /// <summary>dx from dy, without stride; weight (c, (k,r,s)) is w[k, c, r, s].</summary>
    public void BackwardData(in Conv2dGeometry g, int samples, SampleRows dy, float* w, in Finish finish, SampleRows dx) => BackwardData(
        g,
        StridePhase.Of(0, g.H, g.R, 1, g.PadH, g.DilationH),
        StridePhase.Of(0, g.W, g.S, 1, g.PadW, g.DilationW),
        samples,
        dy,
        w,
        finish,
        dx);

    /// <summary>The pixels of dx in one phase of the stride each way, as an image of their own.</summary>
    public void BackwardData(
        in Conv2dGeometry g, StridePhase rows, StridePhase columns, int samples, SampleRows dy, float* w, in Finish finish, SampleRows dx)
    {
        var part = g.OfGroup();
        Patches.BackwardData(part, rows, columns);
        var taps = rows.Taps * columns.Taps;
        Describe(g, samples, part.C, part.K * taps, dy, dx, finish);
        _weights = w;
        (_filter, _filterStride, _channelStride) = (taps, g.Reduction, g.R * g.S);
        _taps = _tapMemory.Ensure<int>(taps);
        _areTapsAll = taps == g.R * g.S;
        for (var i = 0; i < taps; i++)
        {
            var (r, s) = Math.DivRem(i, columns.Taps);
            _taps[i] = ((rows.FirstTap + (r * rows.TapStep)) * g.S) + columns.FirstTap + (s * columns.TapStep);
        }
    }

    /// <summary>Writes weights (channel.., k..) as (depth x paddedChannels); for channels that there are not, anything.</summary>
    public void PackWeights(int channel, int channels, int k, int depth, float* panel, int paddedChannels, int group = 0)
    {
        var source = _weights + (group * _groupStride) + ((long)channel * _channelStride);
        if (_filterStride == 0)
        {
            Packing.Transpose(source + k, _channelStride, channels, depth, panel, paddedChannels, paddedChannels);
            return;
        }

        for (var (i, end) = (k, k + depth); i < end;)
        {
            var (filter, tap) = Math.DivRem(i, _filter);
            var count = _areTapsAll ? Math.Min(_filter - tap, end - i) : 1;
            var place = source + (filter * _filterStride) + _taps[tap];
            if (_channelStride == 1)
            {
                Packing.Copy(place, panel, channels);
            }
            else
            {
                Packing.Transpose(place, _channelStride, channels, count, panel, paddedChannels, paddedChannels);
            }

            i += count;
            panel += (nint)count * paddedChannels;
        }
    }

    /// <summary>
    /// Writes the filters of some channels tap by tap, (source channel, r, s, channel), as the pass slides them over the source: backward-data turns them
    /// by half a circle. Channels from <paramref name="channels"/> up to <paramref name="paddedChannels"/> are copies.
    /// </summary>
    public void TurnFilters(int channel, int channels, float* taps, int paddedChannels)
    {
        var (size, depth) = (Depth / Patches.Channels, Patches.Channels);
        if (_filterStride == 0)
        {
            Packing.Transpose(_weights + ((long)channel * _channelStride), _channelStride, channels, Depth, taps, paddedChannels, paddedChannels);
            return;
        }

        var turned = taps + (((long)size - 1) * paddedChannels);
        for (var k = 0; k < depth; k++, turned += (long)size * paddedChannels)
        {
            var source = _weights + (k * _filterStride) + ((long)channel * _channelStride);
            Packing.Transpose(source, _channelStride, channels, size, turned, -paddedChannels, paddedChannels);
        }
    }

    /// <summary>Copies the image rows that pixels [firstPixel, endPixel) of a sample look at, with borders, to <paramref name="image"/>.</summary>
    public void FillImage(int sample, int firstPixel, int endPixel, float* image, int group = 0) =>
        Patches.FillPixels(Source.From(group * Patches.SourceElements), sample, firstPixel, endPixel, 0, Patches.Channels, image);

    public void Dispose()
    {
        Patches.Dispose();
        _tapMemory.Dispose();
    }

    private void Describe(in Conv2dGeometry g, int count, int channels, int depth, SampleRows source, SampleRows target, in Finish finish)
    {
        (Groups, Count, Channels, Depth, Source, Target, Finish) = (g.Groups, count, channels, depth, source, target, finish);
        _groupStride = (long)g.K / g.Groups * g.Reduction;
    }
}
