using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Scheduling;

/// <summary>Machines and devices of which no job is granted a worker until an operator clears them, as the store has them.</summary>
public sealed record Quarantines(IReadOnlyList<Quarantine> Entries)
{
    public static Quarantines None { get; } = new([]);

    public bool Hold(WorkerStatus worker) => Entries.Any(entry => IsOn(entry, worker));

    /// <summary>The entries that an operator means.</summary>
    /// <param name="name">A machine, the worker that was named, or one that is there now.</param>
    /// <param name="device">Empty: any.</param>
    public IReadOnlyList<Quarantine> Named(string name, string device, IEnumerable<WorkerStatus> workers)
    {
        var present = workers.Where(worker => worker.Worker == name).ToList();
        return [.. Entries.Where(entry => device.Length == 0 || entry.Device == device)
            .Where(entry => entry.Machine == name || entry.Worker == name || present.Exists(worker => IsOn(entry, worker)))];
    }

    private static bool IsOn(Quarantine entry, WorkerStatus worker) => entry.Machine == worker.Machine && (entry.Device.Length == 0 || entry.Device == worker.DeviceName);
}
