using System.Collections.Immutable;
using Trainer.Coordinator.Scheduling;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Scheduling;

/// <summary>A job of a <see cref="QueueWorld"/>.</summary>
/// <param name="Work">Ticks on its workers until it is done.</param>
internal sealed record QueuedJob(int Min, int Spare, int Priority, int User, int Arrival, int Work);

/// <summary>
/// Jobs that come, are told what <see cref="Allocation"/> gives them, obey sooner or later, and end. Workers of two arithmetics; nothing else of a cluster is here.
/// </summary>
internal sealed class QueueWorld(QueuedJob[] jobs, bool[] kinds, Quotas quotas, int seed)
{
    private readonly Random _random = new(seed);
    private readonly ImmutableSortedSet<string>[] _told = [.. jobs.Select(_ => ImmutableSortedSet<string>.Empty)];
    private readonly int[] _serves = [.. kinds.Select(_ => -1)];
    private readonly int[] _done = new int[jobs.Length];
    private int _time;

    public IReadOnlyList<ImmutableSortedSet<string>> Told => _told;

    public IReadOnlyList<int> Serves => _serves;

    public bool IsHere(int job) => jobs[job].Arrival <= _time && !IsDone(job);

    public bool IsDone(int job) => _done[job] >= jobs[job].Work;

    public bool IsWaiting(int job) => IsHere(job) && _told[job].Count < jobs[job].Min;

    /// <summary>Who can ever have its minimum.</summary>
    public bool IsPossible(int job) => jobs[job].Min <= Math.Max(kinds.Count(kind => kind), kinds.Count(kind => !kind)) && jobs[job].Min <= (quotas.Of(User(job)) ?? int.MaxValue);

    public string User(int job) => $"user-{jobs[job].User}";

    public string Kind(string worker) => kinds[int.Parse(worker.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture)] ? "v1" : "v2";

    /// <summary>What all are told from now on.</summary>
    public IReadOnlyDictionary<string, Grant> Allocate(bool isSettled)
    {
        var here = Enumerable.Range(0, jobs.Length).Where(IsHere).ToList();
        var workers = _serves.Select((job, worker) => new WorkerStatus { Worker = $"w{worker}", Incarnation = "1", DeviceKind = "cpu", Numerics = kinds[worker] ? "v1" : "v2", Job = job < 0 ? "" : $"{job}" }).ToList();
        var grants = Allocation.Allocate([.. here.Select(job => new AllocatedJob(Wanted(job), _told[job]))], workers, isSettled, quotas);
        foreach (var job in here)
        {
            _told[job] = grants[$"{job}"].Workers;
        }

        return grants;
    }

    /// <summary>Workers are let go and begin to serve, where it has come to that; who has its workers gets on.</summary>
    public void Pass(bool promptly, bool work)
    {
        _time++;
        for (var worker = 0; worker < _serves.Length; worker++)
        {
            if (_serves[worker] >= 0 && !_told[_serves[worker]].Contains($"w{worker}") && (promptly || _random.Next(3) == 0))
            {
                _serves[worker] = -1;
            }
            else if (_serves[worker] < 0 && (promptly || _random.Next(3) == 0))
            {
                _serves[worker] = Array.FindIndex(_told, told => told.Contains($"w{worker}"));
            }
        }

        foreach (var job in Enumerable.Range(0, jobs.Length).Where(job => work && IsHere(job) && _serves.Count(serves => serves == job) >= jobs[job].Min && ++_done[job] >= jobs[job].Work))
        {
            _told[job] = [];
        }
    }

    private JobWanted Wanted(int job) => new()
    {
        Job = $"{job}",
        MinWorkers = (uint)jobs[job].Min,
        MaxWorkers = (uint)(jobs[job].Min + jobs[job].Spare),
        Priority = jobs[job].Priority,
        CreatedUnixMs = jobs[job].Arrival,
        User = User(job),
        Workers = { Enumerable.Range(0, _serves.Length).Where(worker => _serves[worker] == job).Select(worker => $"w{worker}") },
    };
}
