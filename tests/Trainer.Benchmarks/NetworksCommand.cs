using System.Diagnostics;
using System.Text.Json;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;
using Trainer.Kernels.Randomness;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;

namespace Trainer.Benchmarks;

/// <summary>
/// Times whole training steps (forward, cross entropy, backward, fold, SGD with momentum 0.9) at the default number of shards,
/// on the batch sizes that libtorch is timed on.
/// </summary>
internal static class NetworksCommand
{
    private static readonly (string Name, int Batch, Func<Model> Create)[] Networks = [("lenet", 256, () => Zoo.LeNet())];

    public static int Run(string[] args)
    {
        if (!BenchmarkOptions.TryParse(args, out var options, out var problem))
        {
            Console.Error.WriteLine(problem);
            Console.Error.WriteLine(BenchmarkOptions.Usage);
            return 2;
        }

        using var device = Device.Cpu(options.Threads);
        using var peak = new FmaPeak(device.Threads);
        if (!options.Json)
        {
            Console.WriteLine(device.Description);
            Console.WriteLine($"{"network",-12}{"batch",6}{"median ms",11}{"min ms",9}{"images/s",10}{"of peak",9}{"peak MiB",10}");
        }

        foreach (var (name, batch, create) in Networks.Where(network => options.Only.Length == 0 || options.Only.Contains(network.Name)))
        {
            Measure(name, batch, create(), device, peak, options);
        }

        return 0;
    }

    private static void Measure(string name, int batch, Model model, Device device, FmaPeak peak, BenchmarkOptions options)
    {
        using var network = Load(model, device, batch);
        var slice = BatchSlice.Whole(batch, ShardTree.DefaultShards(batch));
        Memory<float>[] roots = [new float[network.Layout.Elements]];
        ShardRange[] ranges = [slice.Roots[0]];
        var times = new List<double>();
        var best = peak.Measure();
        for (var (start, step) = (Stopwatch.GetTimestamp(), -2); Stopwatch.GetElapsedTime(start).TotalSeconds < options.Seconds || times.Count < 3; step++)
        {
            var began = Stopwatch.GetTimestamp();
            network.ForwardBackward(slice, (ulong)times.Count + 1);
            network.Gradient(0).CopyTo(roots[0].Span);
            GradientTree.Fold(roots, ranges, slice.Shards, batch, network.Total);
            network.Apply();
            if (step >= 0)
            {
                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
        }

        times.Sort();
        Report(name, batch, times[times.Count / 2], times[0], Flop(model) * batch / 1e6 / Math.Max(best, peak.Measure()), options.Json);
    }

    private static Network Load(Model model, Device device, int batch)
    {
        var network = new Network(model, device, new Sgd(0.01f, Momentum: 0.9f), new NetworkOptions(batch));
        network.Initialize(0);
        Philox.FillUniform(network.Input, 1, seed: 0, stream: 0, default);
        for (var i = 0; i < batch; i++)
        {
            network.Labels[i] = i * 7 % model.Classes;
        }

        return network;
    }

    /// <summary>
    /// Floating-point operations that a step asks for per sample, convolutions taken directly: a multiply-add per weight and output place,
    /// forward, for dw, and for dx behind the first layer with parameters.
    /// </summary>
    private static double Flop(Model model)
    {
        var forward = model.Graph.Nodes
            .Where(node => node.Parameters.Count > 0)
            .Select(node => 2.0 * node.Parameters[0].Shape.Elements * node.Output.Shape.Elements / node.Parameters[0].Shape[0])
            .ToList();
        return (3 * forward.Sum()) - forward[0];
    }

    private static void Report(string name, int batch, double median, double minimum, double peakMilliseconds, bool json)
    {
        var (rate, share) = (batch / median * 1e3, peakMilliseconds / median);
        using var process = Process.GetCurrentProcess();
        var memory = process.PeakWorkingSet64 / (1 << 20);
        Console.WriteLine(json
            ? JsonSerializer.Serialize(new
            {
                network = name,
                batch,
                median_ms = median,
                min_ms = minimum,
                images_per_s = rate,
                peak_share = share,
                peak_mib = memory,
            })
            : $"{name,-12}{batch,6}{median,11:F3}{minimum,9:F3}{rate,10:F0}{share,9:P0}{memory,10}");
    }
}
