using Trainer.Kernels.Arithmetic;
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
                bench.Device.Products.LinearForward(size, size, size, x, w, default, Activation.None, y));
            bench.Measure($"linear backward data {size}", flop, () =>
                bench.Device.Products.LinearBackwardData(size, size, size, x, w, GradientEpilogue.None, y));
            var slice = BatchSlice.Whole(size, 16);
            bench.Measure($"linear backward weights {size}, 16 shards", flop, () =>
                bench.Device.Products.LinearBackwardWeights(size, size, slice, x, y, [w], []));
        }
    }

    /// <summary>Linear layers of AlexNet, VGG and LeNet. The large ones are bound by reading or writing their weights once.</summary>
    public static void Linear(Bench bench)
    {
        foreach (var (inputs, outputs, samples) in new[]
        {
            (6400, 4096, 32), (4096, 4096, 32), (25088, 4096, 8), (4096, 4096, 8), (400, 120, 256), (120, 84, 256), (84, 10, 256),
        })
        {
            var (x, w, y) = (bench.Tensor((long)samples * inputs), bench.Tensor((long)inputs * outputs), bench.Tensor((long)samples * outputs));
            var b = bench.Tensor(outputs);
            var flop = 2.0 * samples * inputs * outputs;
            var slice = BatchSlice.Whole(samples, ShardTree.DefaultShards(samples));
            var name = $"{inputs} -> {outputs} b{samples}";
            bench.Measure($"linear {name} forward", flop, () => bench.Device.Products.LinearForward(inputs, outputs, samples, x, w, b, Activation.Relu, y));
            bench.Measure($"linear {name} backward data", flop, () =>
                bench.Device.Products.LinearBackwardData(inputs, outputs, samples, y, w, GradientEpilogue.None, x));
            bench.Measure($"linear {name} backward weights", flop, () => bench.Device.Products.LinearBackwardWeights(inputs, outputs, slice, x, y, [w], [b]));
            x.Memory.Dispose();
            w.Memory.Dispose();
        }
    }
}
