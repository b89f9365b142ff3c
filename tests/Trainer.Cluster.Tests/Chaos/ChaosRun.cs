using System.Collections.Concurrent;
using Trainer.Cli.Errors;
using Trainer.Node.Training;
using Trainer.Protos;

namespace Trainer.Cluster.Tests.Chaos;

/// <summary>A fault that struck.</summary>
/// <param name="Generation">Of the job at that moment.</param>
internal sealed record StruckFault(Fault Fault, string Victim, DateTimeOffset Time, (ulong Term, ulong Number) Generation)
{
    /// <summary>Until a step was committed that could not have been without what follows the fault; null: the job ended before, or nobody can tell.</summary>
    public double? SecondsToCommit { get; init; }

    /// <summary>All who held the state had died: the job went on from a checkpoint.</summary>
    public bool LeftNobody { get; init; }
}

/// <summary>A worker process that strikes itself at a moment of its work.</summary>
internal sealed record ArmedWorker(Fault Fault, string Name, System.Diagnostics.Process Process)
{
    public static ArmedWorker Join(ChaosCluster cluster, Fault fault)
    {
        var probe = $"{fault.Moment}:{fault.Count}{(fault.Kind == FaultKind.StopAt ? ":stop" : "")}";
        var (name, process) = cluster.Join(fault.LeadsRanks ? "a" : "z", probe);
        return new ArmedWorker(fault, name, process);
    }
}

/// <summary>Trains one job while faults strike.</summary>
/// <param name="awaitsMoments">A worker that is to strike itself has done so before the next fault strikes.</param>
internal sealed class ChaosRun(ChaosCluster cluster, JobWatch watch, Action<string> tell, bool awaitsMoments)
{
    private const int KilledExitCode = 128 + 9;
    private const int MostJoined = 2;
    private const double SlowPeriod = 0.1;
    private const double SlowShare = 0.6;

    /// <summary>A job that commits nothing for so long hangs.</summary>
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(150);

    /// <summary>For a worker process to start, join the job and come to a moment of its work.</summary>
    private static readonly TimeSpan MomentWithin = TimeSpan.FromSeconds(30);

    private readonly List<Task> _lasting = [];

    /// <summary>Workers that did not come to their moment.</summary>
    private readonly ConcurrentDictionary<string, byte> _givenUp = new(StringComparer.Ordinal);

    public List<StruckFault> Struck { get; } = [];

    /// <summary>Strikes until the job has ended, or there are no more faults; then waits for its end.</summary>
    /// <exception cref="TimeoutException">The job hangs.</exception>
    public async Task StrikeAsync(IEnumerable<Fault> faults)
    {
        await watch.UntilAsync(job => job.State == JobState.Running, Hang);
        foreach (var fault in faults)
        {
            var goal = watch.Step + (ulong)fault.AfterSteps;
            await watch.UntilAsync(_ => watch.Step >= goal, Hang);
            if (watch.HasEnded)
            {
                break;
            }

            await StrikeAsync(fault);
        }

        for (var step = watch.Step; !watch.HasEnded; step = watch.Step)
        {
            await watch.UntilAsync(_ => watch.Step > step, Hang);
        }

        await Task.WhenAll(_lasting);
    }

    private Task StrikeAsync(Fault fault) => fault.Kind switch
    {
        FaultKind.Kill => OneAsync(fault, (_, process) => Signals.Kill(process)),
        FaultKind.Terminate => OneAsync(fault, (_, process) => Signals.Terminate(process)),
        FaultKind.Stop => OneAsync(fault, (_, process) => Signals.Stop(process) && Last(GoOnAsync(process, fault.Seconds))),
        FaultKind.Slow => OneAsync(fault, (_, process) => Last(SlowAsync(process, fault.Seconds))),
        FaultKind.Drain => DrainAsync(fault),
        FaultKind.Join => JoinAsync(fault),
        FaultKind.Coordinator => CoordinatorAsync(fault),
        FaultKind.All => AllAsync(fault),
        FaultKind.DieAt or FaultKind.StopAt => AtMomentAsync(fault),
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "A fault that nobody can do."),
    };

    private async Task OneAsync(Fault fault, Func<string, int, bool> strike)
    {
        var alive = cluster.Workers();
        var members = alive.Where(watch.Latest.Workers.Contains).ToList();
        var victims = members.Count > 0 ? members : [.. alive];
        if (victims.Count > 0 && victims[fault.Victim % victims.Count] is var victim && cluster.Process(victim) is { } process)
        {
            var noted = Now(fault, victim);
            if (strike(victim, process))
            {
                Note(noted);
            }
        }

        await Task.CompletedTask;
    }

    private async Task DrainAsync(Fault fault)
    {
        var alive = cluster.Workers();
        if (alive.Count == 0)
        {
            return;
        }

        var victim = alive[fault.Victim % alive.Count];
        var noted = Now(fault, victim);
        try
        {
            await cluster.DrainAsync(victim, undo: false);
        }
        catch (CliException)
        {
            return; // Nobody knows the worker, or there is no coordinator at the moment.
        }

        Note(noted);
        _lasting.Add(UndoAsync(victim, fault.Seconds));
    }

    private async Task UndoAsync(string worker, double seconds)
    {
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        try
        {
            await cluster.DrainAsync(worker, undo: true);
        }
        catch (CliException)
        {
            // It has been started anew since, and is not drained.
        }
    }

    private async Task JoinAsync(Fault fault)
    {
        if (cluster.Joined is { Count: >= MostJoined } joined && cluster.Process(joined[0]) is { } oldest)
        {
            Signals.Terminate(oldest);
        }

        var (name, _) = cluster.Join("w", probe: null);
        Note(Now(fault, name));
        await Task.CompletedTask;
    }

    private async Task CoordinatorAsync(Fault fault)
    {
        var noted = Now(fault, "coordinator");
        if (cluster.Process("coordinator") is { } process && Signals.Kill(process))
        {
            Note(noted);
        }

        await Task.CompletedTask;
    }

    // The supervisor starts its own again, and so are those that had joined: where one stays away, its job waits a minute for the state that it may hold.
    private async Task AllAsync(Fault fault)
    {
        var (noted, alive) = (Now(fault, "all"), cluster.Workers());
        foreach (var process in alive.Select(cluster.Process).OfType<int>())
        {
            Signals.Kill(process);
        }

        Note(noted);
        foreach (var name in cluster.HasJoined.Intersect(alive))
        {
            await cluster.RestartAsync(name);
        }
    }

    // A worker joins and strikes itself; the result is written at the end only.
    private async Task AtMomentAsync(Fault fault)
    {
        var armed = ArmedWorker.Join(cluster, fault);
        var (_, name, process) = armed;
        var struck = StruckAsync(armed);
        var noted = AfterAsync(struck, armed);
        if (fault.Moment == Moment.Result || !awaitsMoments)
        {
            _lasting.Add(noted);
            return;
        }

        if (fault.Moment == Moment.Donation)
        {
            await Task.WhenAny(noted, watch.UntilAsync(job => job.Workers.Contains(name), MomentWithin));
            cluster.Join("w", probe: null);
        }

        if (await Task.WhenAny(struck, watch.Ended, Task.Delay(MomentWithin)) is var first && first != struck && first != watch.Ended)
        {
            tell($"  {name} has not come to {fault.Moment} {fault.Count}");
            _givenUp.TryAdd(name, 0);
            Signals.Kill(process.Id);
        }
    }

    /// <summary>Notes it when a worker that was there before the job strikes itself.</summary>
    public void Expect(ArmedWorker armed) => _lasting.Add(AfterAsync(StruckAsync(armed), armed));

    private Task StruckAsync(ArmedWorker armed) => armed.Fault.Kind == FaultKind.StopAt ? UntilStoppedAsync(armed.Process) : armed.Process.WaitForExitAsync();

    private async Task AfterAsync(Task struck, ArmedWorker armed)
    {
        var (fault, name, process) = armed;
        if (await Task.WhenAny(struck, watch.Ended) != struck || watch.HasEnded || _givenUp.ContainsKey(name) || process is { HasExited: true, ExitCode: not KilledExitCode })
        {
            return;
        }

        Note(Now(fault, name));
        if (fault.Kind == FaultKind.StopAt)
        {
            await GoOnAsync(process.Id, fault.Seconds);
        }
    }

    private async Task UntilStoppedAsync(System.Diagnostics.Process process)
    {
        while (!watch.HasEnded && !process.HasExited && !Signals.IsStopped(process.Id))
        {
            await Task.Delay(5);
        }
    }

    private bool Last(Task task)
    {
        _lasting.Add(task);
        return true;
    }

    private static async Task GoOnAsync(int process, double seconds)
    {
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        Signals.Continue(process);
    }

    private static async Task SlowAsync(int process, double seconds)
    {
        for (var passed = 0.0; passed < seconds; passed += SlowPeriod)
        {
            Signals.Stop(process);
            await GoOnAsync(process, SlowPeriod * SlowShare);
            await Task.Delay(TimeSpan.FromSeconds(SlowPeriod * (1 - SlowShare)));
        }
    }

    private StruckFault Now(Fault fault, string victim) => new(fault, victim, DateTimeOffset.UtcNow, (watch.Latest.Term, watch.Latest.Generation));

    private void Note(StruckFault struck)
    {
        lock (Struck)
        {
            Struck.Add(struck);
        }

        tell($"  step {watch.Step}, generation {struck.Generation.Term}.{struck.Generation.Number}: {struck.Fault} {struck.Victim}");
    }
}
