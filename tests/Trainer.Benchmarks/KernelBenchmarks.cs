using Trainer.Kernels.Devices;
using Trainer.Kernels.Sharding;

namespace Trainer.Benchmarks;

/// <summary>Single operations at shapes where arithmetic, not memory, is what they cost.</summary>
internal static class KernelBenchmarks
{
    public static void Gemm(Bench bench)
    {
        foreach (var size in new[] { 256, 1024, 2048 })
        {
            var (x, w, y) = (bench.Tensor((long)size * size), bench.Tensor((long)size * size), bench.Tensor((long)size * size));
            var flop = 2.0 * size * size * size;
            bench.Measure($"linear forward {size} x {size} x {size}", flop, () =>
                bench.Device.LinearForward(size, size, size, x, w, default, Activation.None, y));
            bench.Measure($"linear backward data {size}", flop, () =>
                bench.Device.LinearBackwardData(size, size, size, x, w, GradientEpilogue.None, y));
            var slice = BatchSlice.Whole(size, 16);
            bench.Measure($"linear backward weights {size}, 16 shards", flop, () =>
                bench.Device.LinearBackwardWeights(size, size, slice, x, y, [w], []));
        }
    }

    public static void Convolution(Bench bench)
    {
        Convolution(bench, new(256, 12, 12, 256, 3, 3, 1, 1, 1, 1), 32);
        Convolution(bench, new(64, 56, 56, 64, 3, 3, 1, 1, 1, 1), 16);
        Convolution(bench, new(96, 26, 26, 256, 5, 5, 1, 1, 2, 2), 16);
        Convolution(bench, new(3, 64, 64, 32, 3, 3, 2, 2, 1, 1), 32);
    }

    private static void Convolution(Bench bench, Conv2dGeometry g, int samples)
    {
        var x = bench.Tensor((long)samples * g.C * g.H * g.W);
        var w = bench.Tensor((long)g.K * g.Reduction);
        var b = bench.Tensor(g.K);
        var y = bench.Tensor((long)samples * g.K * g.P * g.Q);
        var slice = BatchSlice.Whole(samples, 16);
        var flop = 2.0 * samples * g.K * g.P * g.Q * g.Reduction;
        var name = $"{g.C}->{g.K} {g.R}x{g.S}/{g.StrideH} on {g.H}x{g.W} b{samples}";
        bench.Measure($"{name} forward", flop, () => bench.Device.Conv2dForward(g, samples, x, w, b, Activation.None, y));
        bench.Measure($"{name} backward data", flop, () =>
            bench.Device.Conv2dBackwardData(g, samples, y, w, GradientEpilogue.None, x));
        bench.Measure($"{name} backward weights", flop, () => bench.Device.Conv2dBackwardWeights(g, slice, x, y, [w], [b]));
    }
}
