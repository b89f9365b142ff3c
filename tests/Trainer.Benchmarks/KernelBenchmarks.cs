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
}
