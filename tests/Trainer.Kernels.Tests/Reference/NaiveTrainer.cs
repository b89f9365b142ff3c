namespace Trainer.Kernels.Tests.Reference;

/// <summary>
/// LeNet trained by plain loops in double precision, written from the textbook alone: nothing of the library is used, so
/// that both would have to be wrong in the same way.
/// </summary>
/// <remarks>Weights are given and kept as PyTorch lays them out. One step is forward, mean cross entropy over the batch, backward, w -= lr dw.</remarks>
public sealed class NaiveTrainer
{
    public NaiveTrainer(IReadOnlyDictionary<string, double[]> weights) =>
        Weights = weights.ToDictionary(pair => pair.Key, pair => (double[])pair.Value.Clone());

    public Dictionary<string, double[]> Weights { get; }

    /// <summary>One step on images of 28 x 28; returns the mean loss before it.</summary>
    public double Step(IReadOnlyList<double[]> images, IReadOnlyList<int> labels, double learningRate)
    {
        var gradients = Weights.ToDictionary(pair => pair.Key, pair => new double[pair.Value.Length]);
        var loss = 0.0;
        for (var n = 0; n < images.Count; n++)
        {
            loss += Sample(images[n], labels[n], gradients);
        }

        foreach (var (name, gradient) in gradients)
        {
            for (var i = 0; i < gradient.Length; i++)
            {
                Weights[name][i] -= learningRate * gradient[i] / images.Count;
            }
        }

        return loss / images.Count;
    }

    private double Sample(double[] image, int label, Dictionary<string, double[]> gradients)
    {
        var a1 = Sigmoid(Convolve(image, 1, 28, Weights["0.weight"], Weights["0.bias"], 6, 5, 2));
        var p1 = Pool(a1, 6, 28);
        var a2 = Sigmoid(Convolve(p1, 6, 14, Weights["3.weight"], Weights["3.bias"], 16, 5, 0));
        var p2 = Pool(a2, 16, 10);
        var h1 = Sigmoid(Multiply(p2, Weights["7.weight"], Weights["7.bias"]));
        var h2 = Sigmoid(Multiply(h1, Weights["9.weight"], Weights["9.bias"]));
        var logits = Multiply(h2, Weights["11.weight"], Weights["11.bias"]);

        var largest = logits.Max();
        var sum = logits.Sum(value => Math.Exp(value - largest));
        var d = logits.Select((value, i) => (Math.Exp(value - largest) / sum) - (i == label ? 1 : 0)).ToArray();

        d = MultiplyBackward(h2, d, "11", gradients);
        d = MultiplyBackward(h1, SigmoidBackward(h2, d), "9", gradients);
        d = MultiplyBackward(p2, SigmoidBackward(h1, d), "7", gradients);
        d = ConvolveBackward(p1, 6, 14, SigmoidBackward(a2, PoolBackward(d, 16, 10)), "3", 16, 5, 0, gradients);
        ConvolveBackward(image, 1, 28, SigmoidBackward(a1, PoolBackward(d, 6, 28)), "0", 6, 5, 2, gradients);
        return Math.Log(sum) + largest - logits[label];
    }

    private static double[] Sigmoid(double[] x) => Array.ConvertAll(x, value => 1 / (1 + Math.Exp(-value)));

    private static double[] SigmoidBackward(double[] y, double[] dy) => y.Select((value, i) => dy[i] * value * (1 - value)).ToArray();

    private static double[] Multiply(double[] x, double[] w, double[] b)
    {
        var y = (double[])b.Clone();
        for (var o = 0; o < y.Length; o++)
        {
            for (var i = 0; i < x.Length; i++)
            {
                y[o] += w[(o * x.Length) + i] * x[i];
            }
        }

        return y;
    }

    private double[] MultiplyBackward(double[] x, double[] dy, string layer, Dictionary<string, double[]> gradients)
    {
        var dx = new double[x.Length];
        for (var o = 0; o < dy.Length; o++)
        {
            gradients[$"{layer}.bias"][o] += dy[o];
            for (var i = 0; i < x.Length; i++)
            {
                gradients[$"{layer}.weight"][(o * x.Length) + i] += dy[o] * x[i];
                dx[i] += dy[o] * Weights[$"{layer}.weight"][(o * x.Length) + i];
            }
        }

        return dx;
    }

    private static double[] Convolve(double[] x, int channels, int size, double[] w, double[] b, int outputs, int kernel, int padding)
    {
        var outSize = size + (2 * padding) - kernel + 1;
        var y = new double[outputs * outSize * outSize];
        ForEachRow(channels, size, outputs, kernel, padding, (yi, xi, wi, length) =>
        {
            for (var j = 0; j < length; j++)
            {
                y[yi + j] += x[xi + j] * w[wi];
            }
        });
        return y.Select((value, i) => value + b[i / (outSize * outSize)]).ToArray();
    }

    private double[] ConvolveBackward(
        double[] x, int channels, int size, double[] dy, string layer, int outputs, int kernel, int padding, Dictionary<string, double[]> gradients)
    {
        var (w, dw, db) = (Weights[$"{layer}.weight"], gradients[$"{layer}.weight"], gradients[$"{layer}.bias"]);
        var dx = new double[x.Length];
        ForEachRow(channels, size, outputs, kernel, padding, (yi, xi, wi, length) =>
        {
            for (var j = 0; j < length; j++)
            {
                dw[wi] += dy[yi + j] * x[xi + j];
                dx[xi + j] += dy[yi + j] * w[wi];
            }
        });
        for (var i = 0; i < dy.Length; i++)
        {
            db[i / (dy.Length / outputs)] += dy[i];
        }

        return dx;
    }

    /// <summary>For each weight and each row of outputs: first output, the input that the weight meets there, the weight, and how many in a row.</summary>
    private static void ForEachRow(int channels, int size, int outputs, int kernel, int padding, Action<int, int, int, int> row)
    {
        var outSize = size + (2 * padding) - kernel + 1;
        for (var k = 0; k < outputs; k++)
        {
            for (var c = 0; c < channels; c++)
            {
                for (var r = 0; r < kernel; r++)
                {
                    for (var s = 0; s < kernel; s++)
                    {
                        for (var i = Math.Max(0, padding - r); i < Math.Min(outSize, size + padding - r); i++)
                        {
                            var (first, end) = (Math.Max(0, padding - s), Math.Min(outSize, size + padding - s));
                            var (y, x) = ((((k * outSize) + i) * outSize) + first, (((c * size) + i + r - padding) * size) + first + s - padding);
                            row(y, x, (((((k * channels) + c) * kernel) + r) * kernel) + s, end - first);
                        }
                    }
                }
            }
        }
    }

    private static double[] Pool(double[] x, int channels, int size)
    {
        var half = size / 2;
        var y = new double[channels * half * half];
        for (var i = 0; i < x.Length; i++)
        {
            y[Pooled(i, size)] += x[i] / 4;
        }

        return y;
    }

    private static double[] PoolBackward(double[] dy, int channels, int size) =>
        Enumerable.Range(0, channels * size * size).Select(i => dy[Pooled(i, size)] / 4).ToArray();

    private static int Pooled(int pixel, int size)
    {
        var (plane, row, column) = (pixel / (size * size), pixel / size % size, pixel % size);
        return (((plane * (size / 2)) + (row / 2)) * (size / 2)) + (column / 2);
    }
}
