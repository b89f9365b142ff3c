using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Trainer.Kernels;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Models;
using Trainer.Kernels.Randomness;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;

namespace Trainer.Benchmarks;

/// <summary>
/// Times whole training steps (forward, cross entropy, backward, SGD with momentum 0.9) at the default number of shards, on the batch sizes that
/// libtorch is timed on; one network per process, so that each one's peak memory is its own.
/// </summary>
internal static class NetworksCommand
{
    private static readonly (string Name, int Batch, Shape Input)[] Networks =
    [
        ("lenet", 256, new Shape(1, 28, 28)),
        ("cnn-rgb32", 256, new Shape(3, 32, 32)),
        ("mnistnet", 64, new Shape(1, 28, 28)),
        ("alexnet", 32, new Shape(1, 224, 224)),
        ("vgg11", 8, new Shape(1, 224, 224)),
        ("nin", 32, new Shape(1, 224, 224)),
        ("googlenet", 32, new Shape(1, 96, 96)),
        ("resnet18", 32, new Shape(1, 96, 96)),
        ("densenet", 32, new Shape(1, 96, 96)),
    ];

    public static int Run(string[] args)
    {
        if (!BenchmarkOptions.TryParse(args, out var options, out var problem))
        {
            Console.Error.WriteLine(problem);
            Console.Error.WriteLine(BenchmarkOptions.Usage);
            return 2;
        }

        var chosen = Networks.Where(network => options.Only.Length == 0 || options.Only.Contains(network.Name)).ToList();
        if (options.Against.Length > 0)
        {
            return new AgainstPeer(options, name => MeasureInOwnProcess(name, options)).Run(chosen.Select(network => network.Name));
        }

        if (chosen is [var only])
        {
            var measured = Measure(only.Name, only.Batch, only.Input, options);
            Console.WriteLine(options.Json ? JsonSerializer.Serialize(measured) : $"{Header}\n{measured}");
            return 0;
        }

        if (!options.Json)
        {
            Console.WriteLine(Header);
        }

        foreach (var network in chosen)
        {
            var measured = MeasureInOwnProcess(network.Name, options);
            Console.WriteLine(options.Json ? JsonSerializer.Serialize(measured) : measured.ToString());
        }

        return 0;
    }

    private static string Header => $"{"network",-12}{"batch",6}{"median ms",11}{"min ms",9}{"images/s",10}{"of peak",9}{"peak MiB",10}";

    private static Measurement MeasureInOwnProcess(string name, BenchmarkOptions options)
    {
        string[] arguments =
        [
            "networks", "--json", "--only", name,
            "--threads", options.Threads.ToString(CultureInfo.InvariantCulture), "--seconds", options.Seconds.ToString(CultureInfo.InvariantCulture),
        ];
        var start = new ProcessStartInfo(Environment.ProcessPath!, [.. EntryAssembly(), .. arguments]) { RedirectStandardOutput = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? JsonSerializer.Deserialize<Measurement>(output)!
            : throw new InvalidOperationException($"The process that timed {name} ended with exit code {process.ExitCode}.");
    }

    /// <summary>Under `dotnet X.dll` the program is dotnet's first argument.</summary>
    private static string[] EntryAssembly() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(NetworksCommand).Assembly.Location] : [];

    private static Measurement Measure(string name, int batch, Shape input, BenchmarkOptions options)
    {
        using var device = CpuDevice.Create(options.Threads);
        using var peak = new FmaPeak(device.Threads);
        var model = Zoo.Create(name, input, 10);
        var shards = ShardTree.DefaultShards(batch);
        var slice = BatchSlice.Whole(batch, shards, model.GroupShards(batch, shards));
        using var network = Load(model, device, batch);
        var cluster = new ClusterOfOne(network);
        var times = new List<double>();
        var operations = options.Operations ? new OperationTimes(network) : null;
        var best = peak.Measure();
        for (var (start, step) = (Stopwatch.GetTimestamp(), -2); Stopwatch.GetElapsedTime(start).TotalSeconds < options.Seconds || times.Count < 3; step++)
        {
            var began = Stopwatch.GetTimestamp();
            operations?.BeginStep();
            cluster.Run(slice, (ulong)(step + 3));
            network.Apply();
            network.States.Flip();
            operations?.EndStep(step >= 0);
            if (step >= 0)
            {
                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
        }

        times.Sort();
        operations?.Print();
        best = Math.Max(best, peak.Measure());
        using var process = Process.GetCurrentProcess();
        var median = times[times.Count / 2];
        return new Measurement(
            name, batch, median, times[0], batch / median * 1e3, Flop(model) * batch / 1e6 / best / median, process.PeakWorkingSet64 / (1 << 20));
    }

    private static Network Load(Model model, Device device, int batch)
    {
        var network = new Network(model, device, new Sgd(0.01, Momentum: 0.9), new NetworkOptions(batch));
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
        var forward = model.Graph.Layers
            .Select(node => 2.0 * node.Layer.MultiplyAdds(node.Input.Shape))
            .Where(flop => flop > 0)
            .ToList();
        return (3 * forward.Sum()) - forward[0];
    }
}
