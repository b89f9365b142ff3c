using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;

namespace Trainer.Kernels.Devices.Cpu.Convolution;

/// <summary>
/// One forward or backward-data pass in the words that both share: target (samples, Channels, pixels) = weights (Channels x Depth)
/// times the patches of the source images.
/// </summary>
internal sealed unsafe class ConvolutionCall : IDisposable
{
    private float* _weights;
    private int _filter;
    private long _filterStride;
    private int _channelStride;

    public PatchLayout Patches { get; } = new();

    /// <summary>Samples.</summary>
    public int Count { get; private set; }

    /// <summary>Channels of the target.</summary>
    public int Channels { get; private set; }

    /// <summary>Length of a dot product.</summary>
    public int Depth { get; private set; }

    /// <summary>Images (Patches.Channels, ...) without borders.</summary>
    public SampleRows Source { get; private set; }

    public SampleRows Target { get; private set; }

    public Finish Finish { get; private set; }

    /// <summary>y from x; weight (k, (c,r,s)).</summary>
    public void Forward(in Conv2dGeometry g, int samples, SampleRows x, float* w, in Finish finish, SampleRows y)
    {
        Patches.Forward(g);
        Describe(samples, g.K, g.Reduction, x, y, finish);
        _weights = w;
        (_filter, _filterStride, _channelStride) = (g.Reduction, 0, g.Reduction);
    }

    /// <summary>dx from dy; weight (c, (k,r,s)) is w[k, c, r, s].</summary>
    public void BackwardData(in Conv2dGeometry g, int samples, SampleRows dy, float* w, in Finish finish, SampleRows dx)
    {
        Patches.BackwardData(g);
        Describe(samples, g.C, g.K * g.R * g.S, dy, dx, finish);
        _weights = w;
        (_filter, _filterStride, _channelStride) = (g.R * g.S, (long)g.C * g.R * g.S, g.R * g.S);
    }

    /// <summary>Writes weights (channel.., k..) as (depth x paddedChannels); channels that there are not are +0.</summary>
    public void PackWeights(int channel, int channels, int k, int depth, float* panel, int paddedChannels)
    {
        for (var i = k; i < k + depth; i++, panel += paddedChannels)
        {
            var source = _weights + (i / _filter * _filterStride) + (i % _filter) + ((long)channel * _channelStride);
            for (var c = 0; c < paddedChannels; c++)
            {
                panel[c] = c < channels ? source[(long)c * _channelStride] : 0;
            }
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
    public void FillImage(int sample, int firstPixel, int endPixel, float* image) =>
        Patches.FillPixels(Source, sample, firstPixel, endPixel, 0, Patches.Channels, image);

    public void Dispose() => Patches.Dispose();

    private void Describe(int count, int channels, int depth, SampleRows source, SampleRows target, in Finish finish) =>
        (Count, Channels, Depth, Source, Target, Finish) = (count, channels, depth, source, target, finish);
}
