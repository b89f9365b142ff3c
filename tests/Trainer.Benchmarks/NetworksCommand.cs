using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Training;

namespace Trainer.Benchmarks;

/// <summary>
/// Times whole training steps (forward, cross entropy, backward, SGD with momentum 0.9) at the default number of shards, on the batch sizes that
/// libtorch is timed on; one network per process, so that each one's peak memory is its own.
/// </summary>
internal static class NetworksCommand
{
    public static int Run(string[] args)
    {
        if (!BenchmarkOptions.TryParse(args, out var options, out var problem))
        {
            Console.Error.WriteLine(problem);
            Console.Error.WriteLine(BenchmarkOptions.Usage);
            return 2;
        }

        var chosen = TimedNetwork.All.Where(network => options.Only.Length == 0 || options.Only.Contains(network.Name)).ToList();
        if (options.Against.Length > 0)
        {
            return new AgainstPeer(options, name => MeasureInOwnProcess(name, options)).Run(chosen.Select(network => network.Name));
        }

        if (chosen is [var only])
        {
            var measured = Measure(only, options);
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

    private static Measurement Measure(TimedNetwork timed, BenchmarkOptions options)
    {
        using var device = CpuDevice.Create(options.Threads);
        using var peak = new FmaPeak(device.Threads);
        var slice = timed.Slice;
        using var network = timed.Load(device);
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
            timed.Name, timed.Batch, median, times[0], timed.Batch / median * 1e3, timed.Flop / 1e6 / best / median, process.PeakWorkingSet64 / (1 << 20));
    }
}
