using Trainer.Kernels.Layers;
using Trainer.Kernels.Randomness;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Tests.Reference;

/// <summary>What every layer gives in training, in double precision and straight from its definition: nothing of a device is used.</summary>
/// <param name="layer">Its options.</param>
/// <param name="input">Per-sample shape of x.</param>
/// <param name="parameters">By name; a weight or a bias that the layer has not is left out.</param>
public sealed class NaiveLayer(Layer layer, Shape input, IReadOnlyDictionary<string, double[]> parameters)
{
    private readonly Shape _output = layer.OutputShape(input);

    /// <summary>Whether a sample's outputs depend on other samples.</summary>
    public bool MixesSamples => layer is BatchNorm;

    /// <summary>All samples of a slice that holds the whole batch.</summary>
    public double[] Forward(double[] x, BatchSlice slice, ulong seed, ulong step)
    {
        if (layer is BatchNorm norm)
        {
            return Groups(slice).SelectMany(group => Normalize(
                x[(group.Lo * (int)input.Elements)..(group.Hi * (int)input.Elements)], group.Hi - group.Lo, input[0], norm.Eps, channel => channel)).ToArray();
        }

        var elements = (int)input.Elements;
        return [.. Enumerable.Range(0, slice.LocalSamples).SelectMany(n => Sample(x[(n * elements)..((n + 1) * elements)], n, seed, step))];
    }

    /// <summary>One sample of a layer that does not mix them, at its position in the batch.</summary>
    public double[] Sample(double[] x, int position, ulong seed, ulong step) => layer switch
    {
        Conv2d conv => Convolve(conv, x),
        MaxPool2d pool => Windows(pool, pool.Dilation, x, (pixels, _) => pixels.Max()),
        AvgPool2d pool => Windows(pool, 1, x, (pixels, size) => pixels.Sum() / (pool.CountIncludePad ? size : pixels.Count)),
        AdaptiveAvgPool2d => Adaptive(x, Enumerable.Average),
        AdaptiveMaxPool2d => Adaptive(x, Enumerable.Max),
        Linear linear =>
            [.. Enumerable.Range(0, linear.OutFeatures).Select(o => Bias(o) + x.Select((v, i) => parameters["weight"][(o * x.Length) + i] * v).Sum())],
        GroupNorm norm => Normalize(x, 1, norm.NumGroups, norm.Eps, channel => channel * norm.NumGroups / input[0]),
        Softmax softmax => Softened(x, softmax is LogSoftmax),
        PReLU prelu => [.. x.Select((v, i) => v > 0 ? v : parameters["weight"][prelu.NumParameters == 1 ? 0 : i * input[0] / x.Length] * v)],
        LocalResponseNorm norm => Each((c, p, q) => Pixel(x, c, p, q) * Math.Pow(
            norm.K + (norm.Alpha / norm.Size * Enumerable.Range(c - (norm.Size / 2), norm.Size).Where(other => other >= 0 && other < input[0]).Sum(other => Math.Pow(Pixel(x, other, p, q), 2))),
            -norm.Beta)),
        ZeroPad2d pad => Each((c, p, q) => Pixel(x, c, p - pad.Padding.Top, q - pad.Padding.Left)),
        Dropout dropout => Dropped(dropout, x, position, seed, step),
        _ => [.. x.Select(Activate)],
    };

    private double Activate(double v) => layer switch
    {
        ReLU => Math.Max(v, 0),
        LeakyReLU leaky => v > 0 ? v : leaky.NegativeSlope * v,
        ELU elu => v > 0 ? v : elu.Alpha * (Math.Exp(v) - 1),
        ReLU6 => Math.Clamp(v, 0, 6),
        Hardsigmoid => Math.Clamp(v + 3, 0, 6) / 6,
        Hardswish => v * Math.Clamp(v + 3, 0, 6) / 6,
        Sigmoid => 1 / (1 + Math.Exp(-v)),
        Tanh => Math.Tanh(v),
        GELU { Approximate: GeluApproximation.Tanh } => v * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (v + (0.044715 * v * v * v)))) / 2,
        GELU => v * (1 + Erf(v / Math.Sqrt(2))) / 2,
        SiLU => v / (1 + Math.Exp(-v)),
        _ => throw new NotSupportedException($"No naive version of {layer.Kind}."),
    };

    /// <summary>erf x = 2 / sqrt(pi) e^(-x^2) (x + 2 x^3 / 3 + 4 x^5 / 15 + ...), whose terms all have one sign.</summary>
    private static double Erf(double x)
    {
        var (term, sum) = (x, x);
        for (var n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
        {
            term *= 2 * x * x / ((2 * n) + 1);
            sum += term;
        }

        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    private static IEnumerable<(int Lo, int Hi)> Groups(BatchSlice slice)
    {
        for (var shard = 0; shard < slice.Shards; shard += slice.GroupShards)
        {
            yield return (slice.FirstPosition(shard), slice.FirstPosition(Math.Min(shard + slice.GroupShards, slice.Shards)));
        }
    }

    private double Bias(int output) => parameters.TryGetValue("bias", out var bias) ? bias[output] : 0;

    private double Pixel(double[] x, int c, int h, int w) => h >= 0 && h < input[1] && w >= 0 && w < input[2] ? x[(((c * input[1]) + h) * input[2]) + w] : 0;

    private double[] Convolve(Conv2d conv, double[] x)
    {
        var (d, inputs) = (conv.Dilation, input[0] / conv.Groups);
        var (top, left) = conv.AutoPadding == AutoPadding.Same
            ? (d.Height * (conv.KernelSize.Height - 1) / 2, d.Width * (conv.KernelSize.Width - 1) / 2)
            : (conv.Padding.Height, conv.Padding.Width);
        return Each((k, p, q) =>
        {
            var (sum, weight) = (Bias(k), k * inputs * conv.KernelSize.Height * conv.KernelSize.Width);
            for (var c = 0; c < inputs; c++)
            {
                for (var r = 0; r < conv.KernelSize.Height; r++)
                {
                    for (var s = 0; s < conv.KernelSize.Width; s++)
                    {
                        var channel = (k / (conv.OutChannels / conv.Groups) * inputs) + c;
                        var (h, w) = ((p * conv.Stride.Height) - top + (r * d.Height), (q * conv.Stride.Width) - left + (s * d.Width));
                        sum += parameters["weight"][weight++] * Pixel(x, channel, h, w);
                    }
                }
            }

            return sum;
        });
    }

    /// <param name="reduce">The pixels of the image in the window, and the window's size with padding, but without what lies beyond it.</param>
    private double[] Windows(Pool2d pool, Size2 dilation, double[] x, Func<List<double>, int, double> reduce) => Each((c, p, q) =>
    {
        var (pixels, size) = (new List<double>(), 0);
        for (var r = 0; r < pool.KernelSize.Height; r++)
        {
            for (var s = 0; s < pool.KernelSize.Width; s++)
            {
                var h = (p * pool.Stride.Height) - pool.Padding.Height + (r * dilation.Height);
                var w = (q * pool.Stride.Width) - pool.Padding.Width + (s * dilation.Width);
                size += h < input[1] + pool.Padding.Height && w < input[2] + pool.Padding.Width ? 1 : 0;
                if (h >= 0 && h < input[1] && w >= 0 && w < input[2])
                {
                    pixels.Add(Pixel(x, c, h, w));
                }
            }
        }

        return reduce(pixels, size);
    });

    private double[] Adaptive(double[] x, Func<IEnumerable<double>, double> reduce)
    {
        static IEnumerable<int> Range(int i, int size, int count)
        {
            var lo = i * size / count;
            return Enumerable.Range(lo, (((i + 1) * size) + count - 1) / count - lo);
        }

        return Each((c, p, q) => reduce(Range(p, input[1], _output[1]).SelectMany(h => Range(q, input[2], _output[2]).Select(w => Pixel(x, c, h, w)))));
    }

    private double[] Each(Func<int, int, int, double> element) =>
    [
        .. from c in Enumerable.Range(0, _output[0])
           from p in Enumerable.Range(0, _output[1])
           from q in Enumerable.Range(0, _output[2])
           select element(c, p, q),
    ];

    /// <summary>Samples x channels x pixels, each set of channels by its own mean and biased variance over all samples.</summary>
    private double[] Normalize(double[] x, int samples, int sets, double eps, Func<int, int> setOf)
    {
        var pixels = (int)input.Elements / input[0];
        int Channel(int i) => i / pixels % input[0];
        var y = new double[x.Length];
        foreach (var set in Enumerable.Range(0, sets))
        {
            var elements = Enumerable.Range(0, samples * (int)input.Elements).Where(i => setOf(Channel(i)) == set).ToList();
            var mean = elements.Average(i => x[i]);
            var deviation = Math.Sqrt(elements.Average(i => (x[i] - mean) * (x[i] - mean)) + eps);
            foreach (var i in elements)
            {
                var scale = parameters.TryGetValue("weight", out var weight) ? weight[Channel(i)] : 1;
                y[i] = ((x[i] - mean) / deviation * scale) + Bias(Channel(i));
            }
        }

        return y;
    }

    private double[] Softened(double[] x, bool log)
    {
        var pixels = x.Length / input[0];
        var sums = Enumerable.Range(0, pixels).Select(pixel => Enumerable.Range(0, input[0]).Sum(c => Math.Exp(x[(c * pixels) + pixel]))).ToList();
        return [.. x.Select((v, i) => log ? v - Math.Log(sums[i % pixels]) : Math.Exp(v) / sums[i % pixels])];
    }

    private double[] Dropped(Dropout dropout, double[] x, int position, ulong seed, ulong step)
    {
        var run = dropout is Dropout2d ? x.Length / input[0] : 1;
        uint Word(int i) => Philox.Block(seed, (uint)(i / 4), (uint)position, (uint)step, (uint)RandomPurpose.Dropout)[i % 4];
        bool Drops(int i) => Word(i) < Math.Round(dropout.P * 4294967296);
        return [.. x.Select((v, i) => Drops(i / run) ? 0 : v / (1 - dropout.P))];
    }
}
