using System.Diagnostics;
using Trainer.Kernels.Training;
using Trainer.Kernels.Training.Planning;

namespace Trainer.Benchmarks;

/// <summary>Where a network's steps spend their time: wall time of each operation, by the mean of all steps.</summary>
internal sealed class OperationTimes
{
    private readonly Dictionary<string, double> _milliseconds = [];
    private readonly Dictionary<string, double> _step = [];
    private long _last;

    public OperationTimes(Network network) => network.OperationDone = (operation, isBackward) => Add($"{NameOf(operation)} {(isBackward ? "backward" : "forward")}");

    public void BeginStep()
    {
        _step.Clear();
        _last = Stopwatch.GetTimestamp();
    }

    public void EndStep(bool counts)
    {
        Add("total, update");
        foreach (var (name, time) in counts ? _step : [])
        {
            _milliseconds[name] = _milliseconds.GetValueOrDefault(name) + time;
        }
    }

    public void Print(int steps)
    {
        var all = _milliseconds.Values.Sum();
        foreach (var (name, time) in _milliseconds.OrderByDescending(entry => entry.Value))
        {
            Console.Error.WriteLine($"{time / steps,11:F3} ms {time / all,6:P1}  {name}");
        }
    }

    private static string NameOf(Operation operation) => operation.Node is { } node
        ? $"{node.Name,-12} {node.Layer.Kind} {node.Input.Shape} -> {node.Output.Shape}"
        : $"{"",-12} sum";

    private void Add(string name)
    {
        var now = Stopwatch.GetTimestamp();
        _step[name] = _step.GetValueOrDefault(name) + Stopwatch.GetElapsedTime(_last, now).TotalMilliseconds;
        _last = now;
    }
}
