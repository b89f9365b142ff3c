using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Devices;

namespace Trainer.Kernels.Tests.GpuCheck;

/// <summary>A product to be timed: a convolution, or a linear layer, which is one of one pixel.</summary>
internal sealed record TimedProduct(string Name, int Samples, int C, int Size, int K, int Filter, int Stride, int Pad)
{
    /// <summary>Matrices where arithmetic is all that counts, then the shapes that large networks have many of, then few tiles.</summary>
    public static IReadOnlyList<TimedProduct> All { get; } =
    [
        Linear(1024, 1024, 1024), Linear(2048, 2048, 2048), Linear(4096, 4096, 4096), Linear(32, 6400, 4096),
        Conv(32, 64, 56, 64, 3), Conv(32, 128, 28, 128, 3), Conv(32, 256, 14, 256, 3), Conv(32, 512, 7, 512, 3), Conv(32, 256, 14, 256, 1), Conv(32, 96, 26, 256, 5),
        Conv(32, 3, 224, 64, 7, 2),
    ];

    public bool IsLinear => Size == 1;

    public Conv2dGeometry Geometry => new(C, Size, Size, K, Filter, Filter, Stride, Stride, Pad, Pad);

    /// <summary>Of one of its three products, taken directly.</summary>
    public double Flop => 2.0 * Samples * K * Geometry.P * Geometry.Q * Geometry.Reduction;

    private static TimedProduct Linear(int samples, int inputs, int outputs) => new($"linear {inputs} -> {outputs} b{samples}", samples, inputs, 1, outputs, 1, 1, 0);

    private static TimedProduct Conv(int samples, int c, int size, int k, int filter, int stride = 1) =>
        new($"{filter}x{filter}/{stride} {c} -> {k} on {size}x{size} b{samples}", samples, c, size, k, filter, stride, filter / 2);
}

/// <summary>Forward, data gradient and weight gradient of each, exact and, where there are tensor cores, in TF32.</summary>
internal static class ProductCases
{
    public static DevicePart Part(double seconds) =>
        new(Topic.Products, "Products", [.. TimedProduct.All.Select(product => new CheckCase(product.Name, device => Measure(product, device, seconds)))]);

    private static CaseResult Measure(TimedProduct product, Device device, double seconds)
    {
        var figures = new Dictionary<string, double>(StringComparer.Ordinal) { ["GFLOP"] = product.Flop / 1e9 };
        foreach (var precision in new[] { ComputePrecision.Exact, ComputePrecision.Tf32 }.Where(device.CanCompute))
        {
            var suffix = precision == ComputePrecision.Exact ? "ms" : "tf32 ms";
            foreach (var (name, milliseconds) in Times(product, device, device.ProductsIn(precision), seconds))
            {
                figures[$"{name} {suffix}"] = milliseconds;
            }
        }

        return new CaseResult(Outcome.Measured, Figures: figures);
    }

    private static IEnumerable<(string Name, double Milliseconds)> Times(TimedProduct product, Device device, IProducts products, double seconds)
    {
        var (g, n, slice) = (product.Geometry, product.Samples, BatchSlice.Whole(product.Samples, ShardTree.DefaultShards(product.Samples)));
        var (x, w, y) = (Filled(device, (long)n * g.C * g.H * g.W), Filled(device, (long)g.K * g.Reduction), Filled(device, (long)n * g.K * g.P * g.Q));
        var (dx, dw) = (device.Zeros(x.Elements), device.Zeros(w.Elements));
        (string, Action)[] calls = product.IsLinear
            ?
            [
                ("forward", () => products.LinearForward(g.C, g.K, n, x, w, default, Activation.None, y)),
                ("data", () => products.LinearBackwardData(g.C, g.K, n, y, w, GradientEpilogue.None, dx)),
                ("weights", () => products.LinearBackwardWeights(g.C, g.K, slice, x, y, [dw], [])),
            ]
            :
            [
                ("forward", () => products.Conv2dForward(g, n, x, w, default, Activation.None, y)),
                ("data", () => products.Conv2dBackwardData(g, n, y, w, GradientEpilogue.None, dx)),
                ("weights", () => products.Conv2dBackwardWeights(g, slice, x, y, [dw], [])),
            ];
        List<(string, double)> times = [.. calls.Select(call => (call.Item1, Timing.LeastMilliseconds(call.Item2, device.Synchronize, seconds / 3)))];
        foreach (var tensor in new[] { x, w, y, dx, dw })
        {
            tensor.Memory.Dispose();
        }

        return times;
    }

    private static Tensor Filled(Device device, long elements)
    {
        var tensor = device.Zeros(elements);
        tensor.Host.Fill(0.01f);
        device.Upload(tensor);
        return tensor;
    }
}
