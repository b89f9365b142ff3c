using Trainer.Cli.Home;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Local;

/// <summary>A process of a cluster.</summary>
/// <param name="Name">coordinator, worker-0, supervisor.</param>
internal sealed record ClusterProcess(string Name, ProcessIdentity Identity);

/// <summary>What runs with a run folder, whoever still knows of it, and its end.</summary>
internal static class Leftovers
{
    public const string Supervisor = "supervisor";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <summary>All that is alive but this process, the supervisor first: what the run folder tells, and what the machine lists, should somebody have deleted the folder.</summary>
    public static IReadOnlyList<ClusterProcess> Find(string path)
    {
        var run = RunFolder.TryOpen(path);
        var recorded = run is null || LocalClusterRecord.Find(run) is not { } record ? [] : new[] { new ClusterProcess(Supervisor, record.Supervisor) };
        var published = run?.Endpoints().Select(endpoint => new ClusterProcess(endpoint.Name, new ProcessIdentity(endpoint.ProcessId, endpoint.StartTicks)));
        return [.. recorded.Concat(published ?? []).Concat(RunningProcesses.Of(path)).DistinctBy(process => process.Identity)
            .Where(process => process.Identity != ProcessIdentity.Current && process.Identity.IsAlive)
            .OrderBy(process => process.Name != Supervisor).ThenBy(process => process.Name, StringComparer.Ordinal)];
    }

    /// <summary>
    /// Stops what is there: asks, waits, and kills what does not. A supervisor comes first, because its end is that of its children. Then what they have
    /// left behind goes.
    /// </summary>
    /// <param name="grace">For a process.</param>
    /// <param name="forJobs">For the supervisor to suspend jobs before.</param>
    /// <returns>The names of those that were still there.</returns>
    public static async Task<IReadOnlyList<string>> ClearAsync(string path, TimeSpan grace, TimeSpan forJobs, CancellationToken stop)
    {
        var found = Find(path);
        await StopAsync([.. found.Where(process => process.Name == Supervisor)], forJobs + (grace * 1.5), stop);
        await StopAsync(found, grace, stop);
        RunFolder.TryOpen(path)?.RemoveRemains();
        return [.. found.Select(process => process.Name)];
    }

    private static async Task StopAsync(IReadOnlyList<ClusterProcess> processes, TimeSpan grace, CancellationToken stop)
    {
        foreach (var process in processes)
        {
            Posix.Terminate(process.Identity);
        }

        if (await AreGoneAsync(processes, grace, stop))
        {
            return;
        }

        foreach (var process in processes)
        {
            Posix.Kill(process.Identity);
        }

        await AreGoneAsync(processes, grace, stop);
    }

    /// <returns>Whether all have ended in time.</returns>
    private static async Task<bool> AreGoneAsync(IReadOnlyList<ClusterProcess> processes, TimeSpan patience, CancellationToken stop)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (processes.Any(process => process.Identity.IsAlive))
        {
            if (TimeProvider.System.GetElapsedTime(since) > patience)
            {
                return false;
            }

            await Task.Delay(Poll, stop);
        }
        return true;
    }
}
