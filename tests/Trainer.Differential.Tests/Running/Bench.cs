using Trainer.Differential.Tests.Generation;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;

namespace Trainer.Differential.Tests.Running;

/// <summary>Tries cases, a few at a time: a device and a PyTorch process for each. What came of all of them is in <c>differential.log</c> beside the assembly.</summary>
public sealed class Bench : IDisposable
{
    private const int Places = 2, MostShrunk = 5;

    private readonly Tally _tally = new();
    private readonly List<(Device Device, PyTorch PyTorch)> _places = [];
    private int _shrunk;

    public Bench()
    {
        for (var i = 0; i < Places && CanRun; i++)
        {
            _places.Add((CpuDevice.Create(1), new PyTorch(PyTorch.Python!)));
        }
    }

    public static bool CanRun => PyTorch.Python is not null;

    /// <summary>The faults among so many cases, in the order of their seeds.</summary>
    public IReadOnlyList<string> Try(int firstSeed, int count)
    {
        var next = firstSeed - 1;
        var faults = new SortedDictionary<int, string>();
        var threads = _places.ConvertAll(place => new Thread(() => Work(new Judge(place.Device, place.PyTorch))) { IsBackground = true });
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        return [.. faults.Values];

        void Work(Judge judge)
        {
            for (var seed = Interlocked.Increment(ref next); seed < firstSeed + count; seed = Interlocked.Increment(ref next))
            {
                if (Try(judge, seed) is { } fault)
                {
                    lock (faults)
                    {
                        faults.Add(seed, fault);
                    }
                }
            }
        }
    }

    public void Dispose()
    {
        _tally.Dispose();
        foreach (var (device, pytorch) in _places)
        {
            pytorch.Dispose();
            device.Dispose();
        }
    }

    /// <summary>What is wrong with the case of a seed, made small; null: nothing.</summary>
    private string? Try(Judge judge, int seed)
    {
        try
        {
            var tried = CaseGenerator.Of(seed);
            var verdict = judge.Of(tried);
            _tally.Add(seed, verdict);
            if (!verdict.IsFault)
            {
                return null;
            }

            if (Interlocked.Increment(ref _shrunk) <= MostShrunk)
            {
                (tried, verdict) = new Shrinker(judge.Of).Shrink(tried, verdict);
            }

            return $"{verdict.Outcome}: {verdict.Text}\n{tried}";
        }
        catch (Exception error)
        {
            return $"seed {seed}: {error}";
        }
    }
}
