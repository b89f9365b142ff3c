using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Cluster;
using Trainer.Hosting.Files;
using Trainer.Hosting.Limits;
using Trainer.Hosting.Logging;
using Trainer.Hosting.Metrics;
using Trainer.Hosting.Run;
using Trainer.Hosting.Traces;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Training;
using Trainer.Node.Cluster;
using Trainer.Node.Reduction;
using Trainer.Node.Training;

namespace Trainer.Node;

/// <summary>Everything a node process is told; filled by the command line, the only composition root.</summary>
public sealed record NodeOptions
{
    /// <summary>The process's name, unique in the cluster: worker-0. Its workers are called after it (<see cref="NodeWorkers.NamesOf"/>).</summary>
    public required string Name { get; init; }

    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Ports; 0 takes any free one.</summary>
    public int ClusterPort { get; init; }

    public int HttpPort { get; init; }

    /// <summary>The first worker's; the others have the ports behind it.</summary>
    public int LinkPort { get; init; }

    /// <summary>Addresses of the coordinators (see <see cref="SeedAddress"/>); empty: the run folder tells.</summary>
    public IReadOnlyList<string> Seeds { get; init; } = [];

    public RunFolder? Run { get; init; }

    /// <summary>Opens the device of each worker. Only who starts the process knows what devices there are.</summary>
    public required Func<IReadOnlyList<Device>> OpenDevices { get; init; }

    /// <summary>What it shows to other members, and whom it trusts; null: its run folder's.</summary>
    public CertificateFiles? Certificates { get; init; }

    /// <summary>Lets a process without certificates run.</summary>
    public bool Insecure { get; init; }

    /// <summary>Whoever reaches the port may read <c>/metrics</c>.</summary>
    public bool MetricsOpen { get; init; }

    /// <summary>With which <c>/metrics</c> can be read, beside the run folder's; null: there is none.</summary>
    public string? MetricsToken { get; init; }

    /// <summary>What the golden step must come to. See <see cref="GoldenStep.Known"/>.</summary>
    public IReadOnlyDictionary<string, ulong> Golden { get; init; } = GoldenStep.Known;

    /// <summary>How the process before this one ended, in words, where somebody saw it.</summary>
    public string LastEnd { get; init; } = "";

    /// <summary>Called at each <see cref="Moment"/> of the work, by the thread that works; null: nobody wants to know.</summary>
    public Action<Moment>? Reached { get; init; }

    /// <summary>Null: nobody changes memory.</summary>
    public MemoryHashed? Hashed { get; init; }

    /// <summary>Which files jobs may name.</summary>
    public FileRoots Files { get; init; } = FileRoots.Everything;

    /// <summary>How much the process takes from others.</summary>
    public ProcessLimits Limits { get; init; } = ProcessLimits.Usual;

    /// <summary>How buckets are reached, where orders name such.</summary>
    public S3Access Buckets { get; init; } = new();

    public LogOptions Log { get; init; } = new();

    /// <summary>Where spans go; null: nowhere.</summary>
    public OtlpTarget? Otlp { get; init; }
}

/// <summary>A node process: its workers, their place in the cluster, metrics and health.</summary>
public static class NodeHost
{
    /// <summary>A process that was told to stop and stopped.</summary>
    public const int Stopped = 0;

    /// <summary>A name that is taken, an address that cannot be bound, a device that cannot be opened, a disk that is full.</summary>
    public const int CannotStart = 1;

    /// <summary>Options that nobody should run with.</summary>
    public const int Refused = 2;

    /// <summary>A device that computes wrong bits. Starting again would only hide that.</summary>
    public const int WrongBits = 4;

    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Runs until cancelled; the result is the process's exit code, and whatever it is not 0 for stands in the log.</summary>
    public static async Task<int> RunAsync(NodeOptions options, CancellationToken stop)
    {
        using var loggers = ProcessLog.Create(options.Log with { IdsOf = options.Otlp is null ? null : TraceIds.OfLines });
        var logger = loggers.CreateLogger("Trainer.Node");
        if (Refusal(options) is { } refusal)
        {
            logger.LogError("{Refusal}", refusal);
            return Refused;
        }

        try
        {
            using var traces = TraceExport.Start(options.Otlp, ClusterNames.WorkerRole, options.Name, logger);
            await ServeAsync(options, loggers, logger, stop);
            return Stopped;
        }
        catch (WrongBitsException wrong)
        {
            logger.LogError("{Name} does not join: {Reason}", options.Name, wrong.Message);
            return WrongBits;
        }
        catch (Exception e) when (e is IOException or SocketException or NotSupportedException or ArgumentException or DeviceException or UnauthorizedAccessException)
        {
            logger.LogError("{Name} cannot start: {Reason}", options.Name, e.Message.ReplaceLineEndings(" "));
            return CannotStart;
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            logger.LogError(bug, "{Name} ends by a fault of its own.", options.Name);
            return CannotStart;
        }
    }

    private static async Task ServeAsync(NodeOptions options, ILoggerFactory loggers, ILogger logger, CancellationToken stop)
    {
        OwnHost.RequireResolved(options.Host);
        using var place = new RunFolderPlace(options);
        using var certificates = HostCertificates.Load(options.Certificates, options.Run, options.Insecure, PeerRoles.Node, logger);
        using var stores = new ArtifactStores(() => options.Buckets.Connect());
        using var devices = new NodeDevices(options.OpenDevices());
        await devices.ProveAsync(options.Golden, logger);
        using var metrics = new NodeMetrics(NodeWorkers.NamesOf(options.Name, devices.All.Count));
        DisposableCluster? cluster = null;
        await using var http = new NodeHttp(
            options.Host, options.HttpPort, options.Certificates is null ? null : certificates, MetricsAccess.Of(options), certificates is null ? [metrics] : [metrics, certificates], options.Limits, () => cluster?.IsUp ?? false, loggers);
        await http.StartAsync();
        using var workers = new NodeWorkers(options, devices.All, metrics, stores, certificates, loggers);
        try
        {
            cluster = Cluster(options, workers, place, http.Url, certificates, loggers);
            devices.WarnOfThreads(logger);
            HostCertificates.WarnOfInsecure(certificates, logger);
            await RunUntilLeftAsync(cluster, workers, stop);
        }
        finally
        {
            if (!await workers.QuitAsync())
            {
                OwnProcess.EndAtOnce();
            }
        }
    }

    private static string? Refusal(NodeOptions options)
    {
        if (options.Seeds.FirstOrDefault(seed => !SeedAddress.TryParse(seed, out _)) is { } seed)
        {
            return $"Seed '{seed}' is not an address; expected {SeedAddress.Expected}.";
        }

        return HostCertificates.Refusal(options.Certificates, options.Run, options.Insecure, OwnHost.IsLoopback(options.Host));
    }

    private static DisposableCluster Cluster(NodeOptions options, NodeWorkers workers, RunFolderPlace place, string http, ProcessCertificates? certificates, ILoggerFactory loggers) => NodeCluster.Create(
        () => new ClusterOptions
        {
            Role = ClusterNames.WorkerRole,
            Host = options.Host,
            Port = options.ClusterPort,
            Seeds = place.Seeds(),
            Certificates = certificates,
            Loggers = loggers,
        },
        workers.Actors,
        system => place.Publish(ClusterSystem.SelfAddress(system), http),
        loggers.CreateLogger("Trainer.Node.Cluster"));

    /// <summary>Told to stop, or with a worker that is stuck, the workers are first planned out of their jobs, then the cluster is left; each in good order if it takes not too long.</summary>
    private static async Task RunUntilLeftAsync(DisposableCluster cluster, NodeWorkers workers, CancellationToken stop)
    {
        using var leave = new CancellationTokenSource();
        var member = cluster.RunAsync(leave.Token);
        await Task.WhenAny(member, workers.Stuck, Task.Delay(Timeout.Infinite, stop));
        await Task.WhenAny(member, workers.LeaveJobsAsync());
        await leave.CancelAsync();
        if (await Task.WhenAny(member, Task.Delay(LeaveTimeout, CancellationToken.None)) == member)
        {
            await member; // What ended it before it was told to, ends the process.
        }
    }
}
