using Trainer.Hosting.Run;

namespace Trainer.Cli.Local;

/// <summary>Processes of a cluster whose supervisor is gone. Their pipe has closed, so they are stopping; this waits, and kills what does not.</summary>
internal static class Leftovers
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <returns>The names of those that were still there.</returns>
    public static async Task<IReadOnlyList<string>> ClearAsync(RunFolder run, TimeSpan grace, CancellationToken stop)
    {
        var found = run.Endpoints();
        var identities = found.Select(endpoint => new ProcessIdentity(endpoint.ProcessId, endpoint.StartTicks)).ToList();
        if (!await AreGoneAsync(identities, grace, stop))
        {
            identities.ForEach(identity => Posix.Kill(identity));
            await AreGoneAsync(identities, grace, stop);
        }
        run.RemoveRemains();
        return [.. found.Select(endpoint => endpoint.Name)];
    }

    /// <returns>Whether all have ended in time.</returns>
    public static async Task<bool> AreGoneAsync(IReadOnlyList<ProcessIdentity> processes, TimeSpan patience, CancellationToken stop)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (processes.Any(process => process.IsAlive))
        {
            if (TimeProvider.System.GetElapsedTime(since) > patience)
                return false;
            await Task.Delay(Poll, stop);
        }
        return true;
    }
}
