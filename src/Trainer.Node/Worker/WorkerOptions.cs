using Microsoft.Extensions.Logging;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Files;
using Trainer.Hosting.Limits;
using Trainer.Hosting.Metrics;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Node.Links;
using Trainer.Node.Reduction;
using Trainer.Node.Training;

namespace Trainer.Node.Worker;

/// <summary>Who a worker is and what it works with.</summary>
/// <param name="Incarnation">One life of the worker's process.</param>
public sealed record WorkerOptions(string Name, string Incarnation, Device Device, TrainingMetrics Metrics, ILogger Logger)
{
    /// <summary>Where links are taken; the worker disposes it.</summary>
    public required LinkListener Listener { get; init; }

    /// <summary>How it reaches others; the same for all workers of the process.</summary>
    public required LinkRoutes Routes { get; init; }

    /// <summary>Called at each <see cref="Moment"/> of the work, by the thread that works.</summary>
    public Action<Moment>? Reached { get; init; }

    /// <summary>Opens what orders name: where checkpoints, results and hashes are.</summary>
    public required ArtifactStores Artifacts { get; init; }

    /// <summary>Where data sets that were pushed are kept on this machine.</summary>
    public string DataSets { get; init; } = KnownDataSet.CacheFolderOf(DataSetCache.FolderName);

    /// <summary>Which files jobs may name.</summary>
    public FileRoots Files { get; init; } = FileRoots.Everything;

    /// <summary>How much it takes from others.</summary>
    public ProcessLimits Limits { get; init; } = ProcessLimits.Usual;

    /// <summary>Null: nobody changes memory.</summary>
    public MemoryHashed? Hashed { get; init; }

    /// <summary>By which its machine is in quarantine, should its memory change.</summary>
    public string Machine { get; init; } = "";

    /// <summary>How the process before this one ended, in words; empty: nobody saw it.</summary>
    public string LastEnd { get; init; } = "";

    /// <summary>How often the worker says that it is alive, and says its last word again.</summary>
    public TimeSpan AliveInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a worker that was let go may need until its thread has come to rest.</summary>
    public TimeSpan RestWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Told once that its thread has not come to rest: nothing can be freed under it, so its process has to end.</summary>
    public Action Stuck { get; init; } = () => { };
}
