using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Trainer.Protos;

namespace Trainer.Cluster.Tests.Chaos;

/// <summary>A worker was away from its job. Times are seconds from the moment that all were in it.</summary>
internal sealed record Outage(string Worker, double From, double Until);

/// <summary>One job that trains for a while and is cancelled then.</summary>
internal sealed class GoodputRun(ChaosCluster cluster, string job, int workers)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly ConcurrentBag<double> _returns = [];
    private readonly List<Task> _awaited = [];
    private IReadOnlyList<JournalEntry> _journal = [];

    /// <summary>Committed in the time.</summary>
    public ulong Steps { get; private set; }

    /// <summary>When workers were members again.</summary>
    public IEnumerable<double> Returns => _returns;

    public string Summary => string.Create(CultureInfo.InvariantCulture,
        $"{Steps} steps committed, {_journal.Sum(entry => (double)entry.StepsRedone):0} computed again, {_journal.Count} generations, {Recoveries()}");

    /// <summary>Kills a member every so often.</summary>
    /// <returns>Who was away and when; who was not back at the end, until then.</returns>
    public async Task<IReadOnlyList<Outage>> KillAsync(double every, double seconds, Random random)
    {
        var outages = new ConcurrentBag<Outage>();
        await TrainAsync(seconds, async (watch, clock) =>
        {
            for (var at = every; at < seconds; at += every)
            {
                await UntilAsync(clock, at);
                var members = watch.Latest.Workers.Order(StringComparer.Ordinal).ToList();
                if (members.Count > 0 && members[random.Next(members.Count)] is var victim && cluster.Process(victim) is { } process && Signals.Kill(process))
                {
                    var from = clock.Elapsed.TotalSeconds;
                    _awaited.Add(BackAsync(watch, clock, victim, seconds, until => outages.Add(new Outage(victim, from, until))));
                }
            }
        });
        return [.. outages.OrderBy(outage => outage.From)];
    }

    /// <summary>Has workers leave and come back by planned changes.</summary>
    /// <param name="comeBack">How long a worker takes for that once it may.</param>
    public Task DrainAsync(IReadOnlyList<Outage> outages, double seconds, double comeBack) => TrainAsync(seconds, async (watch, clock) =>
    {
        foreach (var (at, worker, undo) in outages.SelectMany(outage => new[] { (At: outage.From, outage.Worker, Undo: false), (At: Math.Max(outage.From + 0.1, outage.Until - comeBack), outage.Worker, Undo: true) })
            .Where(change => change.At < seconds).OrderBy(change => change.At))
        {
            await UntilAsync(clock, at);
            await cluster.DrainAsync(worker, undo);
            if (!undo)
            {
                _awaited.Add(BackAsync(watch, clock, worker, seconds, _ => { }));
            }
        }
    });

    /// <summary>Has workers leave by planned changes (SIGTERM), and start anew.</summary>
    public Task ReplaceAsync(IReadOnlyList<Outage> outages, double seconds) => TrainAsync(seconds, async (watch, clock) =>
    {
        var replacements = new List<Task>();
        foreach (var outage in outages)
        {
            await UntilAsync(clock, outage.From);
            _awaited.Add(BackAsync(watch, clock, outage.Worker, seconds, _ => { }));
            replacements.Add(cluster.ReplaceAsync(outage.Worker));
        }

        await Task.WhenAll(replacements);
    });

    private async Task TrainAsync(double seconds, Func<JobWatch, Stopwatch, Task> change)
    {
        var id = await cluster.SubmitAsync(job, "--set", "training.epochs=100000", "--set", "cluster.min_workers=1", "--set", $"cluster.max_workers={workers}", "--set", "cluster.checkpoint={every_seconds: 5}");
        await using var watch = new JobWatch(cluster.Address, id);
        await watch.UntilAsync(running => running.Workers.Count == workers && watch.Step > 10, Patience);
        var (clock, begin) = (Stopwatch.StartNew(), watch.Step);
        await change(watch, clock);
        await UntilAsync(clock, seconds);
        Steps = watch.Step - begin;
        await Task.WhenAll(_awaited);
        _journal = await cluster.JournalAsync(id);
        await cluster.CallAsync((client, stop) => client.CallAsync((api, call) => api.Jobs.CancelJobAsync(new CancelJobRequest { Id = id }, call), stop));
    }

    // Out of the job's generation, and in again; or the end.
    private async Task BackAsync(JobWatch watch, Stopwatch clock, string worker, double seconds, Action<double> back)
    {
        await SeenAsync(watch, clock, seconds, members => !members.Contains(worker));
        var isBack = await SeenAsync(watch, clock, seconds, members => members.Contains(worker));
        var until = clock.Elapsed.TotalSeconds;
        back(isBack ? until : seconds);
        if (isBack)
        {
            _returns.Add(until);
        }
    }

    private static async Task<bool> SeenAsync(JobWatch watch, Stopwatch clock, double seconds, Func<ICollection<string>, bool> wanted)
    {
        while (clock.Elapsed.TotalSeconds < seconds)
        {
            if (wanted(watch.Latest.Workers))
            {
                return true;
            }

            await Task.Delay(20);
        }

        return false;
    }

    private string Recoveries()
    {
        var seconds = _journal.Where(entry => entry.FaultTime is not null && entry.FirstCommitTime is not null)
            .Select(entry => (entry.FirstCommitTime - entry.FaultTime).ToTimeSpan().TotalSeconds).Order().ToList();
        return seconds.Count == 0 ? "no loss" : string.Create(CultureInfo.InvariantCulture,
            $"{seconds.Count} losses, from the loss being noticed to the first commit {seconds[seconds.Count / 2]:0.00} s in the median, {seconds[^1]:0.00} s at worst");
    }

    private static async Task UntilAsync(Stopwatch clock, double seconds)
    {
        if (TimeSpan.FromSeconds(seconds) - clock.Elapsed is var left && left > TimeSpan.Zero)
        {
            await Task.Delay(left);
        }
    }
}
