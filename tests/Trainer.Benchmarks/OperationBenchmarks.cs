using System.Diagnostics;
using System.Text.Json;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Benchmarks;

/// <summary>
/// Operations that memory bounds, at shapes of the zoo: pools, normalisation, dropout, sums, updates. GB/s counts what has to be read and written once;
/// where an operation reads an operand twice, the rate says so. The copy at the start is what this machine gives at the moment.
/// </summary>
internal sealed class OperationBenchmarks : IDisposable
{
    private readonly BenchmarkOptions _options;
    private readonly Device _device;

    private OperationBenchmarks(BenchmarkOptions options) => (_options, _device) = (options, CpuDevice.Create(options.Threads));

    public static int Run(BenchmarkOptions options)
    {
        using var benchmarks = new OperationBenchmarks(options);
        if (!options.Json)
        {
            Console.WriteLine($"{benchmarks._device.Description}\n{"",-52}{"median ms",11}{"min ms",11}{"cpu ms",11}{"GB/s at min",13}");
        }

        benchmarks.Copy();
        benchmarks.MaxPool("alexnet max 3/2 32x96x54x54", new(96, 54, 54, 3, 3, 2, 2, 0, 0), 32);
        benchmarks.MaxPool("vgg11 max 2/2 8x64x224x224", new(64, 224, 224, 2, 2, 2, 2, 0, 0), 8);
        benchmarks.MaxPool("cnn-rgb32 max 2/2 256x6x28x28", new(6, 28, 28, 2, 2, 2, 2, 0, 0), 256);
        benchmarks.MaxPool("resnet18 max 3/2 p1 32x64x48x48", new(64, 48, 48, 3, 3, 2, 2, 1, 1), 32);
        benchmarks.MaxPool("googlenet max 3/1 p1 32x192x12x12", new(192, 12, 12, 3, 3, 1, 1, 1, 1), 32);
        benchmarks.AveragePool("lenet average 2/2 256x6x28x28", new(6, 28, 28, 2, 2, 2, 2, 0, 0), 256);
        benchmarks.AveragePool("densenet average 2/2 32x192x24x24", new(192, 24, 24, 2, 2, 2, 2, 0, 0), 32);
        benchmarks.GlobalAverage("resnet18 global average 32x512x3x3", new(512, 3, 3, 1, 1), 32);
        benchmarks.BatchNorm("resnet18 batch norm 32x64x48x48", new(64, 48 * 48, 1e-5f), 32);
        benchmarks.BatchNorm("resnet18 batch norm 32x128x12x12", new(128, 144, 1e-5f), 32);
        benchmarks.BatchNorm("resnet18 batch norm 32x512x3x3", new(512, 9, 1e-5f), 32);
        benchmarks.BatchNorm("densenet batch norm 32x128x24x24", new(128, 576, 1e-5f), 32);
        benchmarks.Dropout("alexnet dropout 32x4096", 32, 4096);
        benchmarks.Dropout("vgg dropout 256x4096", 256, 4096);
        benchmarks.Update("resnet18 update", 11_178_378);
        benchmarks.Update("alexnet update", 46_764_746);
        return 0;
    }

    public void Dispose() => _device.Dispose();

    private void Copy()
    {
        const int Elements = 1 << 24;
        var (x, y) = (Tensor(Elements), Tensor(Elements));
        Measure("copy of 64 MiB", 8.0 * Elements, () => _device.Elementwise.Add(Elements, 1, x, OutputEpilogue.None, y));
        Measure("sum and relu of 64 MiB", 12.0 * Elements, () => _device.Elementwise.Add(Elements, 1, x, new OutputEpilogue(Activation.Relu, y), y));
    }

    private void MaxPool(string name, Pool2dGeometry g, int samples)
    {
        if (!IsWanted(name))
        {
            return;
        }

        var (image, pooled) = ((long)samples * g.C * g.H * g.W, (long)samples * g.C * g.P * g.Q);
        var (x, y, chosen) = (Tensor(image), Tensor(pooled), Tensor(samples * g.ChosenElements));
        Measure(name, (4.0 * image) + (5.0 * pooled), () => _device.Pooling.MaxPool2dForward(g, samples, x, OutputEpilogue.None, y, chosen));
        Measure($"{name} backward, relu", (8.0 * image) + (5.0 * pooled), () =>
            _device.Pooling.MaxPool2dBackward(g, samples, y, chosen, new GradientEpilogue(Activation.Relu, x), x));
    }

    private void AveragePool(string name, Pool2dGeometry g, int samples)
    {
        if (!IsWanted(name))
        {
            return;
        }

        var (image, pooled) = ((long)samples * g.C * g.H * g.W, (long)samples * g.C * g.P * g.Q);
        var (x, y) = (Tensor(image), Tensor(pooled));
        Measure(name, 4.0 * (image + pooled), () => _device.Pooling.AvgPool2dForward(g, true, samples, x, OutputEpilogue.None, y));
        Measure($"{name} backward", 4.0 * (image + pooled), () => _device.Pooling.AvgPool2dBackward(g, true, samples, y, GradientEpilogue.None, x));
    }

    private void GlobalAverage(string name, AdaptivePool2dGeometry g, int samples)
    {
        if (!IsWanted(name))
        {
            return;
        }

        var (image, pooled) = ((long)samples * g.C * g.H * g.W, (long)samples * g.C * g.P * g.Q);
        var (x, y) = (Tensor(image), Tensor(pooled));
        Measure(name, 4.0 * (image + pooled), () => _device.Pooling.AdaptiveAvgPool2dForward(g, samples, x, OutputEpilogue.None, y));
        Measure($"{name} backward", 4.0 * (image + pooled), () => _device.Pooling.AdaptiveAvgPool2dBackward(g, samples, y, GradientEpilogue.None, x));
    }

    private void BatchNorm(string name, BatchNormGeometry g, int samples)
    {
        if (!IsWanted(name))
        {
            return;
        }

        var elements = (long)samples * g.C * g.Pixels;
        var (x, y, dx) = (Tensor(elements), Tensor(elements), Tensor(elements));
        var (weight, bias, saved) = (Tensor(g.C), Tensor(g.C), Tensor(2L * g.C));
        Tensor[] first = [Tensor(g.C)], second = [Tensor(g.C)];
        var slice = BatchSlice.Whole(samples, 4);
        Measure($"{name} forward, relu", 8.0 * elements, () =>
            _device.Normalization.BatchNormForward(g, slice, x, weight, bias, saved, first, second, Activation.Relu, y));
        Measure($"{name} backward, relu", 16.0 * elements, () =>
            _device.Normalization.BatchNormBackward(g, slice, x, y, weight, saved, first, second, new GradientEpilogue(Activation.Relu, x), dx));
    }

    private void Dropout(string name, int samples, int features)
    {
        if (!IsWanted(name))
        {
            return;
        }

        var (x, y) = (Tensor((long)samples * features), Tensor((long)samples * features));
        var (draw, slice) = (new DropoutDraw(0.5, 1, 2, 3, false), BatchSlice.Whole(samples, 4));
        Measure(name, 8.0 * samples * features, () => _device.Elementwise.DropoutForward(draw, features, 1, slice, x, y));
    }

    private void Update(string name, long elements)
    {
        if (!IsWanted(name))
        {
            return;
        }

        var total = Tensor(elements);
        Tensor[] before = [Tensor(elements), Tensor(elements), Tensor(elements)], after = [Tensor(elements), Tensor(elements), Tensor(elements)];
        var chunks = (int)((elements + 65_535) / 65_536);
        var (read, written) = (new ulong[3 * chunks], new ulong[3 * chunks]);
        UpdateRun[] sgd = [new(UpdateRule.Sgd, elements) { LearningRate = 1e-6f, Momentum = 0.9f }];
        UpdateRun[] adam = [new(UpdateRule.Adam, elements) { LearningRate = 1e-6f, Beta1 = 0.9f, Beta2 = 0.999f, Eps = 1e-8f, Step = 3 }];
        Measure($"{name}, sgd with momentum", 20.0 * elements, () => _device.Updates.Update(sgd, 1, total, before.AsSpan(0, 2), after.AsSpan(0, 2), read.AsSpan(0, 2 * chunks), written.AsSpan(0, 2 * chunks)));
        Measure($"{name}, adam", 28.0 * elements, () => _device.Updates.Update(adam, 1, total, before, after, read, written));
        Measure($"{name}, hash", 4.0 * elements, () => _device.Updates.Hash(total, read.AsSpan(0, chunks)));
        Measure($"{name}, squared norm", 4.0 * elements, () => _device.Updates.SquaredNorm(total));
        foreach (var tensor in (Tensor[])[total, .. before, .. after])
        {
            tensor.Memory.Dispose();
        }
    }

    /// <summary>Values of both signs, so that no branch is always taken and no sum runs away.</summary>
    private Tensor Tensor(long elements)
    {
        var memory = _device.Allocate(elements);
        var host = memory.Host;
        for (var i = 0; i < host.Length; i++)
        {
            host[i] = ((i * 7919 % 1000) - 500) * 1e-3f;
        }

        return new Tensor(memory, 0, elements);
    }

    private bool IsWanted(string name) => _options.Only.Length == 0 || _options.Only.Any(only => name.Contains(only, StringComparison.Ordinal));

    private void Measure(string name, double bytes, Action call)
    {
        for (var i = 0; i < 3; i++)
        {
            call();
        }

        var times = new List<double>();
        var cpu = Environment.CpuUsage.TotalTime;
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < _options.Seconds || times.Count < 5;)
        {
            var began = Stopwatch.GetTimestamp();
            call();
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        var cpuTime = (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds / times.Count;
        times.Sort();
        var (median, minimum, rate) = (times[times.Count / 2], times[0], bytes / times[0] / 1e6);
        Console.WriteLine(_options.Json
            ? JsonSerializer.Serialize(new { benchmark = "ops", name, threads = _device.Threads, median_ms = median, min_ms = minimum, cpu_ms = cpuTime, gb_per_s = rate })
            : $"{name,-52}{median,11:F3}{minimum,11:F3}{cpuTime,11:F3}{rate,13:F1}");
    }
}
