using Trainer.Protos;

namespace Trainer.Cli.Output;

/// <summary>Workers in words.</summary>
internal static class WorkerText
{
    /// <summary>Without the number of threads, which has a column of its own.</summary>
    public static string Device(Worker worker)
    {
        var threads = worker.Device.LastIndexOf($", {worker.Threads} thread", StringComparison.Ordinal);
        return threads > 0 ? worker.Device[..threads] : worker.Device;
    }

    public static string Serves(Worker worker) => (worker.Job.Length > 0, worker.Draining) switch
    {
        (true, _) when worker.Orphaned => $"{worker.Job} (ORPHANED)",
        (true, true) => $"{worker.Job} (leaving)",
        (true, false) => worker.Job,
        (false, true) => "draining",
        _ => worker.Quarantined ? "in quarantine" : "idle",
    };
}
