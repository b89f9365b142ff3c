using System.Diagnostics;
using Trainer.Benchmarks;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.GpuCheck;

/// <summary>Training steps of the nine networks that libtorch is timed on: images to the device, forward, backward, gradients to the host and back, update.</summary>
internal static class NetworkCases
{
    private const int WarmSteps = 2;
    private const int FewestSteps = 3;

    public static DevicePart Part(double seconds) =>
        new(Topic.Networks, "Networks", [.. TimedNetwork.All.Select(timed => new CheckCase(timed.Name, device => Measure(timed, device, seconds)))]);

    private static CaseResult Measure(TimedNetwork timed, Device device, double seconds)
    {
        using var network = timed.Load(device);
        var (cluster, slice, times) = (new ClusterOfOne(network), timed.Slice, new List<double>());
        for (var (start, step) = (Stopwatch.GetTimestamp(), -WarmSteps); step < FewestSteps || Stopwatch.GetElapsedTime(start).TotalSeconds < seconds; step++)
        {
            var began = Stopwatch.GetTimestamp();
            cluster.Run(slice, (ulong)(step + WarmSteps + 1));
            network.Apply();
            network.States.Flip();
            device.Synchronize();
            if (step >= 0)
            {
                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
        }

        times.Sort();
        return new CaseResult(Outcome.Measured, Figures: new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["batch"] = timed.Batch,
            ["median ms"] = times[times.Count / 2],
            ["least ms"] = times[0],
            ["GFLOP"] = timed.Flop / 1e9,
        });
    }
}
