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

    public int Samples { get; private set; }

    /// <summary>Channels of the target.</summary>
    public int Channels { get; private set; }

    /// <summary>Length of a dot product.</summary>
    public int Depth { get; private set; }

    /// <summary>Images (Samples, Patches.Channels, ...) without borders.</summary>
    public float* Source { get; private set; }

    public float* Target { get; private set; }

    /// <summary>One per channel of the target; null for none.</summary>
    public float* Bias { get; private set; }

    public Activation Activation { get; private set; }

    /// <summary>As Target: outputs of the sigmoid whose derivative is multiplied in; null for none.</summary>
    public float* Derivative { get; private set; }

    /// <summary>y = activation(w x + b); weight (k, (c,r,s)).</summary>
    public void Forward(in Conv2dGeometry g, int samples, float* x, float* w, float* b, Activation activation, float* y)
    {
        Patches.Forward(g);
        Describe(samples, g.K, g.Reduction, x, y, b, activation, null);
        _weights = w;
        (_filter, _filterStride, _channelStride) = (g.Reduction, 0, g.Reduction);
    }

    /// <summary>dx from dy; weight (c, (k,r,s)) is w[k, c, r, s].</summary>
    public void BackwardData(in Conv2dGeometry g, int samples, float* dy, float* w, float* derivative, float* dx)
    {
        Patches.BackwardData(g);
        Describe(samples, g.C, g.K * g.R * g.S, dy, dx, null, Activation.None, derivative);
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

    /// <summary>Copies the image rows that pixels [firstPixel, endPixel) of a sample look at, with borders, to <paramref name="image"/>.</summary>
    public void FillImage(int sample, int firstPixel, int endPixel, float* image) =>
        Patches.FillPixels(Source, sample, firstPixel, endPixel, 0, Patches.Channels, image);

    public void Dispose() => Patches.Dispose();

    private void Describe(
        int samples, int channels, int depth, float* source, float* target, float* bias, Activation activation, float* derivative)
    {
        (Samples, Channels, Depth, Activation) = (samples, channels, depth, activation);
        Source = source;
        Target = target;
        Bias = bias;
        Derivative = derivative;
    }
}
