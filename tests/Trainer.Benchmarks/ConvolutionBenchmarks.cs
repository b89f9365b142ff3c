using System.Diagnostics;
using System.Text.Json;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Sharding;

namespace Trainer.Benchmarks;

/// <summary>
/// Forward, backward-data and backward-weights of every convolution of the nine networks, and by name of some others: least milliseconds of several calls, GFLOP/s by direct
/// convolution, and what a step of each network spends in them.
/// </summary>
internal static class ConvolutionBenchmarks
{
    public static int Run(BenchmarkOptions options)
    {
        using var device = CpuDevice.Create(options.Threads);
        using var peak = new FmaPeak(device.Threads);
        foreach (var network in ZooConvolutions.All.Concat(options.Only.Length == 0 ? [] : ZooConvolutions.Others).GroupBy(layer => layer.Network))
        {
            var layers = network.Where(layer => IsWanted(layer, options.Only)).ToList();
            if (layers.Count > 0)
            {
                Measure(device, layers, peak.Measure(), options);
            }
        }

        return 0;
    }

    private static bool IsWanted(ZooConvolution layer, string[] only) =>
        only.Length == 0 || only.Contains(layer.Network) || only.Contains($"{layer.Network}/{layer.Layer}");

    private static void Measure(Device device, List<ZooConvolution> layers, double peak, BenchmarkOptions options)
    {
        var network = layers[0].Network;
        if (!options.Json)
        {
            Console.WriteLine($"{network}; {device.Description}; FMA peak {peak:F0} GFLOP/s; ms and GFLOP/s of forward, backward data, backward weights");
        }

        var totals = new double[3];
        var flops = 0.0;
        foreach (var layer in layers)
        {
            var times = Measure(device, layer, options.Seconds);
            var flop = Flop(layer);
            Report(layer, times, flop, peak, options.Json);
            for (var i = 0; i < 3; i++)
            {
                totals[i] += layer.Count * times[i];
                flops += times[i] > 0 ? layer.Count * flop : 0;
            }
        }

        if (!options.Json)
        {
            var share = flops / totals.Sum() / 1e6 / peak;
            Console.WriteLine(
                $"  {network + " in a step",-48}{totals[0],9:F3}{"",7}{totals[1],9:F3}{"",7}{totals[2],9:F3}   sum {totals.Sum():F3} ms, {share:P0} of peak");
        }
    }

    private static double[] Measure(Device device, ZooConvolution layer, double seconds)
    {
        var (g, batch) = (layer.Geometry, layer.Batch);
        var memories = new List<DeviceMemory>();
        Tensor Of(long elements)
        {
            memories.Add(device.Allocate(elements));
            memories[^1].Host.Fill(0.01f);
            return new Tensor(memories[^1], 0, elements);
        }

        var (x, y) = (Of((long)batch * g.C * g.H * g.W), Of((long)batch * g.K * g.P * g.Q));
        var (w, b, dw, db) = (Of((long)g.K * g.Reduction), Of(g.K), Of((long)g.K * g.Reduction), Of(g.K));
        var slice = BatchSlice.Whole(batch, ShardTree.DefaultShards(batch));
        Tensor[] dws = [dw], dbs = [db];
        double[] times =
        [
            Least(seconds, () => device.Products.Conv2dForward(g, batch, x, w, b, Activation.Relu, y)),
            layer.First ? 0 : Least(seconds, () => device.Products.Conv2dBackwardData(g, batch, y, w, GradientEpilogue.None, x)),
            Least(seconds, () => device.Products.Conv2dBackwardWeights(g, slice, x, y, dws, dbs)),
        ];
        memories.ForEach(memory => memory.Dispose());
        return times;
    }

    private static double Least(double seconds, Action call)
    {
        call();
        var least = double.MaxValue;
        for (var (start, calls) = (Stopwatch.GetTimestamp(), 0); calls < 3 || Stopwatch.GetElapsedTime(start).TotalSeconds < seconds / 3; calls++)
        {
            var began = Stopwatch.GetTimestamp();
            call();
            least = Math.Min(least, Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        return least;
    }

    private static double Flop(ZooConvolution layer)
    {
        var g = layer.Geometry;
        return 2.0 * layer.Batch * g.K * g.P * g.Q * g.Reduction;
    }

    private static void Report(ZooConvolution layer, double[] times, double flop, double peak, bool json)
    {
        var g = layer.Geometry;
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                layer = $"{layer.Network}/{layer.Layer}",
                count = layer.Count,
                forward_ms = times[0],
                backward_data_ms = times[1],
                backward_weights_ms = times[2],
                gflop = flop / 1e9,
                peak_gflops = peak,
            }));
            return;
        }

        var groups = g.Groups == 1 ? "" : $" in {g.Groups}";
        var name = $"{layer.Layer} {g.C}->{g.K}{groups} {g.R}x{g.S}/{g.StrideH} on {g.H}x{g.W} b{layer.Batch}{(layer.Count > 1 ? $" x{layer.Count}" : "")}";
        var columns = times.Select(time => time > 0 ? $"{time,9:F3}{flop / time / 1e6,7:F0}" : $"{"",16}");
        Console.WriteLine($"  {name,-48}{string.Concat(columns)}");
    }
}
