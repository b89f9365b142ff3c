using System.Diagnostics;
using Trainer.Kernels.Training;
using Trainer.Kernels.Training.Planning;

namespace Trainer.Benchmarks;

/// <summary>Where a network's steps spend their time: wall time of each operation, the median of all steps.</summary>
internal sealed class OperationTimes
{
    private readonly Dictionary<string, List<double>> _milliseconds = [];
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
            if (!_milliseconds.TryGetValue(name, out var times))
            {
                _milliseconds[name] = times = [];
            }

            times.Add(time);
        }
    }

    public void Print()
    {
        var medians = _milliseconds.Select(entry => (Name: entry.Key, Time: entry.Value.Order().ElementAt(entry.Value.Count / 2))).OrderByDescending(entry => entry.Time).ToList();
        var all = medians.Sum(entry => entry.Time);
        foreach (var (name, time) in medians)
        {
            Console.Error.WriteLine($"{time,11:F3} ms {time / all,6:P1}  {name}");
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
