using System.Diagnostics;
using System.Net.Sockets;
using Akka.Actor;
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
using Trainer.Node.Links;
using Trainer.Node.Reduction;
using Trainer.Node.Training;
using Trainer.Node.Worker;

namespace Trainer.Node;

/// <summary>Everything a node process is told; filled by the command line, the only composition root.</summary>
public sealed record NodeOptions
{
    /// <summary>The worker's name, unique in the cluster: worker-0.</summary>
    public required string Name { get; init; }

    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Ports; 0 takes any free one.</summary>
    public int ClusterPort { get; init; }

    public int HttpPort { get; init; }

    public int LinkPort { get; init; }

    /// <summary>Addresses of the coordinators (see <see cref="SeedAddress"/>); empty: the run folder tells.</summary>
    public IReadOnlyList<string> Seeds { get; init; } = [];

    public RunFolder? Run { get; init; }

    /// <summary>Compute threads of the worker; 0: one per processor.</summary>
    public int Threads { get; init; }

    /// <summary>As <see cref="DeviceName.Parse"/> takes it.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Opens <see cref="Device"/> with so many <see cref="Threads"/>. Only who starts the process knows what devices there are.</summary>
    public required Func<string, int, Device> OpenDevice { get; init; }

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

/// <summary>A node process: one worker, its links and its place in the cluster, metrics and health.</summary>
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

    /// <summary>How long a job may take to go on without the worker, or to write a checkpoint where it is the last one: also where the coordinator has just died, and another one comes first.</summary>
    private static readonly TimeSpan LetGoTimeout = TimeSpan.FromSeconds(35);

    /// <summary>A worker may have to finish the computation of an operation.</summary>
    private static readonly TimeSpan QuitTimeout = TimeSpan.FromSeconds(30);

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
        using var metrics = new TrainingMetrics();
        using var stores = new ArtifactStores(() => options.Buckets.Connect());
        using var device = options.OpenDevice(options.Device, options.Threads);
        Prove(device, options.Golden, logger);
        metrics.Device(device.Kind, device.Description, device.NumericsId);
        DisposableCluster? cluster = null;
        await using var http = new NodeHttp(
            options.Host, options.HttpPort, options.Certificates is null ? null : certificates, MetricsAccess.Of(options), certificates is null ? [metrics] : [metrics, certificates], options.Limits, () => cluster?.IsUp ?? false, loggers);
        await http.StartAsync();
        var listener = new LinkListener(Endpoints(options), certificates, logger, options.Limits); // The worker disposes it.
        var training = TrainingSystem.Create();
        var worker = StartWorker(training, options, device, stores, metrics, listener, certificates, logger);
        try
        {
            cluster = Cluster(options, worker, place, http.Url, certificates, loggers);
            WarnOfThreads(options, logger);
            logger.LogInformation("{Name} on {Device} ({Description}): links at {Endpoints}.", options.Name, device.Name, device.Description, string.Join(", ", listener.Endpoints));
            HostCertificates.WarnOfInsecure(certificates, logger);
            await RunUntilLeftAsync(cluster, worker, logger, stop);
        }
        finally
        {
            await worker.GracefulStop(QuitTimeout, new WorkerActor.Quit());
            await training.Terminate();
        }
    }

    private static void Prove(Device device, IReadOnlyDictionary<string, ulong> golden, ILogger logger)
    {
        var start = Stopwatch.GetTimestamp();
        if (GoldenStep.Refuse(device, golden) is { } refusal)
        {
            throw new WrongBitsException(refusal);
        }

        if (golden.ContainsKey(device.NumericsId))
        {
            logger.LogInformation("{Device} computes the golden step of {Numerics}: {Seconds:0.00} s.", device.Name, device.NumericsId, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        else
        {
            logger.LogInformation("{Device} has an arithmetic of its own, {Numerics}: no golden step is known to compare with.", device.Name, device.NumericsId);
        }
    }

    private static string? Refusal(NodeOptions options)
    {
        if (DeviceName.TryParse(options.Device) is null)
        {
            return $"Device '{options.Device}' is unknown; expected {DeviceName.Expected}.";
        }

        if (options.Seeds.FirstOrDefault(seed => !SeedAddress.TryParse(seed, out _)) is { } seed)
        {
            return $"Seed '{seed}' is not an address; expected {SeedAddress.Expected}.";
        }

        return HostCertificates.Refusal(options.Certificates, options.Run, options.Insecure, OwnHost.IsLoopback(options.Host));
    }

    private static void WarnOfThreads(NodeOptions options, ILogger logger)
    {
        if (options.Threads > Environment.ProcessorCount)
        {
            logger.LogWarning(
                "{Threads} threads on {Processors} processors take turns and are slower than {Processors}: give --threads {Processors} or fewer.",
                options.Threads, Environment.ProcessorCount, Environment.ProcessorCount, Environment.ProcessorCount);
        }
    }

    private static IEnumerable<LinkEndpoint> Endpoints(NodeOptions options)
    {
        if (options.Run is { } run)
        {
            yield return LinkEndpoint.Unix(Path.Combine(run.LinksFolder, options.Name + ".sock"));
        }

        yield return LinkEndpoint.Tcp(options.Host, options.LinkPort);
    }

    private static IActorRef StartWorker(
        ActorSystem training, NodeOptions options, Device device, ArtifactStores stores, TrainingMetrics metrics, LinkListener listener, ProcessCertificates? certificates, ILogger logger)
    {
        var worker = new WorkerOptions(options.Name, Incarnation(), HostIdentity.Current, device, metrics, logger)
        {
            Listener = listener,
            Certificates = certificates,
            Artifacts = stores,
            Files = options.Files,
            Limits = options.Limits,
            Reached = options.Reached,
            Hashed = options.Hashed,
            Machine = HostIdentity.Machine,
            LastEnd = options.LastEnd,
        };
        return training.ActorOf(Props.Create(() => new WorkerActor(worker)), options.Name);
    }

    private static DisposableCluster Cluster(NodeOptions options, IActorRef worker, RunFolderPlace place, string http, ProcessCertificates? certificates, ILoggerFactory loggers) => NodeCluster.Create(
        () => new ClusterOptions
        {
            Role = ClusterNames.WorkerRole,
            Host = options.Host,
            Port = options.ClusterPort,
            Seeds = place.Seeds(),
            Certificates = certificates,
            Loggers = loggers,
        },
        options.Name,
        worker,
        system => place.Publish(ClusterSystem.SelfAddress(system), http),
        loggers.CreateLogger("Trainer.Node.Cluster"));

    /// <summary>Ordered by the time of the process's start: a later life of a worker compares higher.</summary>
    private static string Incarnation() => $"{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds():x12}-{Environment.ProcessId:x6}-{Guid.NewGuid():N}"[..28];

    /// <summary>Told to stop, the worker is first planned out of its job, then the cluster is left; each in good order if it takes not too long.</summary>
    private static async Task RunUntilLeftAsync(DisposableCluster cluster, IActorRef worker, ILogger logger, CancellationToken stop)
    {
        using var leave = new CancellationTokenSource();
        var member = cluster.RunAsync(leave.Token);
        await Task.WhenAny(member, Task.Delay(Timeout.Infinite, stop));
        await Task.WhenAny(member, LeaveJobAsync(worker, logger));
        await leave.CancelAsync();
        if (await Task.WhenAny(member, Task.Delay(LeaveTimeout, CancellationToken.None)) == member)
        {
            await member; // What ended it before it was told to, ends the process.
        }
    }

    private static async Task LeaveJobAsync(IActorRef worker, ILogger logger)
    {
        try
        {
            await worker.Ask<WorkerActor.Left>(new WorkerActor.Leave(), LetGoTimeout);
        }
        catch (AskTimeoutException)
        {
            logger.LogWarning("The job has not let this worker go within {Timeout} s; it stops all the same, which the job takes for a loss.", LetGoTimeout.TotalSeconds);
        }
    }
    private sealed class WrongBitsException(string message) : Exception(message);
}
