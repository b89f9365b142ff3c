using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>
/// Convolutions and linear layers against sums in double precision, on random shapes. A float32 sum of n products differs from the exact one
/// by at most n u (sum of the products' magnitudes), u = 2^-24, in whatever order it is taken (Higham, Accuracy and Stability, section 3.1).
/// </summary>
public abstract class ContractionSuite(DeviceVariants variants)
{
    private const double UnitRoundoff = 1.0 / (1 << 24);

    [Fact]
    public void Convolutions_are_within_the_error_of_float32_sums()
    {
        for (var seed = 1; seed <= 40; seed++)
        {
            var random = new Random(seed);
            var (r, s) = (random.Next(1, 6), random.Next(1, 6));
            var g = new Conv2dGeometry(
                random.Next(1, 9), r + random.Next(0, 12), s + random.Next(0, 12), random.Next(1, 20), r, s,
                random.Next(1, 4), random.Next(1, 4), random.Next(0, r), random.Next(0, s));
            Check($"seed {seed}, {g}", g, random.Next(1, 6));
        }
    }

    [Fact]
    public void Linear_layers_are_within_the_error_of_float32_sums()
    {
        for (var seed = 1; seed <= 40; seed++)
        {
            var random = new Random(seed);
            var g = new Conv2dGeometry(random.Next(1, 700), 1, 1, random.Next(1, 200), 1, 1, 1, 1, 0, 0);
            CheckLinear($"seed {seed}, {g.C} to {g.K}", g, random.Next(1, 40));
        }
    }

    /// <summary>
    /// Winograd's transforms add and subtract numbers larger than the result: its root mean square error, relative to the result's, is
    /// some times that of a direct sum of as many terms (3e-7 to 1e-6).
    /// </summary>
    [Theory]
    [InlineData(16, 32, 3, 10, 13)]
    [InlineData(128, 96, 3, 10, 13)]
    [InlineData(600, 40, 3, 10, 13)]
    [InlineData(16, 32, 3, 6, 9)]
    [InlineData(600, 40, 3, 6, 9)]
    [InlineData(16, 32, 5, 10, 13)]
    [InlineData(128, 96, 5, 10, 13)]
    public void Winograd_loses_little(int channels, int filters, int size, int height, int width)
    {
        var g = new Conv2dGeometry(channels, height, width, filters, size, size, 1, 1, 1, 1);
        Assert.True(ReferenceProducts.IsWinograd(g));
        var device = variants.All[^1];
        using var tensors = new Guarded();
        var (x, w, dy, exact) = Operands(tensors, device, g, 3);
        var (y, dx, dw) = (tensors.Output(device, exact.Y.Length), tensors.Output(device, exact.X.Length), tensors.Output(device, exact.W.Length));
        device.Products.Conv2dForward(g, 3, x, w, default, Activation.None, y);
        device.Products.Conv2dBackwardData(g, 3, dy, w, GradientEpilogue.None, dx);
        device.Products.Conv2dBackwardWeights(g, BatchSlice.Whole(3, 2), x, dy, [dw], []);
        const double bound = 3e-6;
        Assert.InRange(RelativeError(exact.Y, device.Read(y)), 0, bound);
        Assert.InRange(RelativeError(exact.X, device.Read(dx)), 0, bound);
        Assert.InRange(RelativeError(exact.W, device.Read(dw)), 0, bound);
    }

    private static double RelativeError((double Sum, double Magnitude)[] exact, ReadOnlySpan<float> actual)
    {
        var (error, size) = (0.0, 0.0);
        for (var i = 0; i < exact.Length; i++)
        {
            error += Math.Pow(actual[i] - exact[i].Sum, 2);
            size += Math.Pow(exact[i].Sum, 2);
        }

        return Math.Sqrt(error / size);
    }

    private void Check(string what, Conv2dGeometry g, int samples)
    {
        var device = variants.All[^1];
        using var tensors = new Guarded();
        var (x, w, dy, exact) = Operands(tensors, device, g, samples);
        var (y, dx, dw) = (tensors.Output(device, exact.Y.Length), tensors.Output(device, exact.X.Length), tensors.Output(device, exact.W.Length));
        device.Products.Conv2dForward(g, samples, x, w, default, Activation.None, y);
        device.Products.Conv2dBackwardData(g, samples, dy, w, GradientEpilogue.None, dx);
        device.Products.Conv2dBackwardWeights(g, BatchSlice.Whole(samples, 2), x, dy, [dw], []);
        MustBeNear($"{what}: y", exact.Y, device.Read(y), g.Reduction);
        MustBeNear($"{what}: dx", exact.X, device.Read(dx), g.K * g.R * g.S);
        MustBeNear($"{what}: dw", exact.W, device.Read(dw), samples * g.P * g.Q);
    }

    private void CheckLinear(string what, Conv2dGeometry g, int samples)
    {
        var device = variants.All[^1];
        using var tensors = new Guarded();
        var (x, w, dy, exact) = Operands(tensors, device, g, samples);
        var (y, dx, dw) = (tensors.Output(device, exact.Y.Length), tensors.Output(device, exact.X.Length), tensors.Output(device, exact.W.Length));
        device.Products.LinearForward(g.C, g.K, samples, x, w, default, Activation.None, y);
        device.Products.LinearBackwardData(g.C, g.K, samples, dy, w, GradientEpilogue.None, dx);
        device.Products.LinearBackwardWeights(g.C, g.K, BatchSlice.Whole(samples, 4), x, dy, [dw], []);
        MustBeNear($"{what}: y", exact.Y, device.Read(y), g.C);
        MustBeNear($"{what}: dx", exact.X, device.Read(dx), g.K);
        MustBeNear($"{what}: dw", exact.W, device.Read(dw), samples);
    }

    private static (Tensor X, Tensor W, Tensor Dy, Sums Exact) Operands(Guarded tensors, Device device, Conv2dGeometry g, int samples)
    {
        var x = TestData.Values(samples * g.C * g.H * g.W, 1);
        var w = TestData.Values(g.K * g.Reduction, 2);
        var dy = TestData.Values(samples * g.K * g.P * g.Q, 3);
        return (tensors.Input(device, x), tensors.Input(device, w), tensors.Input(device, dy), Contract(g, samples, x, w, dy));
    }

    /// <summary>All three products in one walk over every term: y += x w, dx += dy w, dw += dy x.</summary>
    private static Sums Contract(Conv2dGeometry g, int samples, float[] x, float[] w, float[] dy)
    {
        var sums = new Sums(new (double, double)[x.Length], new (double, double)[w.Length], new (double, double)[dy.Length]);
        for (var output = 0; output < dy.Length; output++)
        {
            var (n, k, p, q) = (output / (g.K * g.P * g.Q), output / (g.P * g.Q) % g.K, output / g.Q % g.P, output % g.Q);
            for (var term = 0; term < g.Reduction; term++)
            {
                var (c, h, v) = (term / (g.R * g.S), (p * g.StrideH) - g.PadH + (term / g.S % g.R), (q * g.StrideW) - g.PadW + (term % g.S));
                if (h >= 0 && h < g.H && v >= 0 && v < g.W)
                {
                    var (input, weight) = ((((((n * g.C) + c) * g.H) + h) * g.W) + v, (k * g.Reduction) + term);
                    Add(ref sums.Y[output], (double)x[input] * w[weight]);
                    Add(ref sums.X[input], (double)dy[output] * w[weight]);
                    Add(ref sums.W[weight], (double)dy[output] * x[input]);
                }
            }
        }

        return sums;
    }

    private static void Add(ref (double Sum, double Magnitude) sum, double product) =>
        sum = (sum.Sum + product, sum.Magnitude + Math.Abs(product));

    private static void MustBeNear(string what, (double Sum, double Magnitude)[] exact, ReadOnlySpan<float> actual, int terms)
    {
        for (var i = 0; i < exact.Length; i++)
        {
            var bound = terms * UnitRoundoff * exact[i].Magnitude;
            Assert.True(Math.Abs(actual[i] - exact[i].Sum) <= bound, $"{what}[{i}] is {actual[i]:R}, exactly {exact[i].Sum:R} +- {bound:R}.");
        }
    }

    private sealed record Sums((double Sum, double Magnitude)[] X, (double Sum, double Magnitude)[] W, (double Sum, double Magnitude)[] Y);
}
