using Akka.Actor;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Metrics;
using Trainer.Kernels.Devices;
using Trainer.Node.Links;
using Trainer.Node.Worker;

namespace Trainer.Node;

/// <summary>The workers of a process, one for each device. They exchange through memory, leave together, and one that is stuck keeps no other from leaving.</summary>
internal sealed class NodeWorkers : IDisposable
{
    private const int LastPort = ushort.MaxValue;

    /// <summary>How long a job may take to go on without a worker, or to write a checkpoint where it is the last one: also where the coordinator has just died, and another one comes first.</summary>
    private static readonly TimeSpan LetGoTimeout = TimeSpan.FromSeconds(35);

    /// <summary>A worker may have to finish the computation of an operation; that it does not comes to light somewhat earlier (<see cref="WorkerOptions.RestWithin"/>).</summary>
    private static readonly TimeSpan QuitTimeout = TimeSpan.FromSeconds(32);

    private readonly ActorSystem _training = TrainingSystem.Create();
    private readonly List<One> _all = [];
    private readonly ILogger _logger;

    /// <exception cref="IOException">Links cannot be taken where they should be.</exception>
    /// <exception cref="ArgumentException">There are not so many ports.</exception>
    public NodeWorkers(NodeOptions options, IReadOnlyList<Device> devices, NodeMetrics metrics, ArtifactStores stores, ProcessCertificates? certificates, ILoggerFactory loggers)
    {
        _logger = loggers.CreateLogger("Trainer.Node");
        var (names, routes) = (NamesOf(options.Name, devices.Count), new LinkRoutes(HostIdentity.Current, certificates));
        try
        {
            foreach (var (number, name) in names.Index())
            {
                var logger = devices.Count == 1 ? _logger : loggers.CreateLogger($"Trainer.Node.{name}");
                var listener = new LinkListener(Endpoints(options, name, number), certificates, logger, options.Limits); // The worker disposes it.
                _all.Add(Start(options, name, devices[number], metrics.Workers[number], routes, listener, stores, logger));
                logger.LogInformation("{Name} on {Device} ({Description}): links at {Endpoints}.", name, devices[number].Name, devices[number].Description, string.Join(", ", listener.Endpoints));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>By name.</summary>
    public IReadOnlyDictionary<string, IActorRef> Actors => _all.ToDictionary(one => one.Name, one => one.Actor, StringComparer.Ordinal);

    /// <summary>Ends once the thread of one of them has not come to rest: the process has to end.</summary>
    public Task Stuck => Task.WhenAny(_all.Select(one => one.Stuck));

    /// <summary>What the workers of a process are called: as itself where there is one, else with a number behind.</summary>
    public static IReadOnlyList<string> NamesOf(string process, int workers) => workers == 1 ? [process] : [.. Enumerable.Range(0, workers).Select(number => $"{process}.{number}")];

    /// <summary>Has each planned out of its job, all at once; whoever is stuck is not waited for.</summary>
    public Task LeaveJobsAsync() => Task.WhenAll(_all.Select(one => Task.WhenAny(one.Stuck, LeaveJobAsync(one))));

    /// <summary>Has each let go of what it serves, and end.</summary>
    /// <returns>False: a thread still runs, and nothing may be freed under it.</returns>
    public async Task<bool> QuitAsync()
    {
        var have = await Task.WhenAll(_all.Select(HasQuitAsync));
        if (have.Contains(false))
        {
            return false;
        }

        await _training.Terminate();
        return true;
    }

    public void Dispose() => _training.Dispose();

    private One Start(NodeOptions options, string name, Device device, TrainingMetrics metrics, LinkRoutes routes, LinkListener listener, ArtifactStores stores, ILogger logger)
    {
        var stuck = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        metrics.Device(device.Kind, device.Description, device.NumericsId);
        var worker = new WorkerOptions(name, Incarnation(), device, metrics, logger)
        {
            Listener = listener,
            Routes = routes,
            Artifacts = stores,
            Files = options.Files,
            Limits = options.Limits,
            Reached = options.Reached,
            Hashed = options.Hashed,
            Machine = HostIdentity.Machine,
            LastEnd = options.LastEnd,
            Stuck = () => stuck.TrySetResult(),
        };
        return new One(name, _training.ActorOf(Props.Create(() => new WorkerActor(worker)), name), stuck.Task);
    }

    private static IEnumerable<LinkEndpoint> Endpoints(NodeOptions options, string name, int number)
    {
        if (options.Run is { } run)
        {
            yield return LinkEndpoint.Unix(Path.Combine(run.LinksFolder, name + ".sock"));
        }

        var port = options.LinkPort == 0 ? 0 : options.LinkPort + number;
        yield return port <= LastPort
            ? LinkEndpoint.Tcp(options.Host, port)
            : throw new ArgumentException($"Worker {name} takes links at the {number + 1}. port from {options.LinkPort} on, and the last port there is is {LastPort}: give a lower --link-port.");
    }

    /// <summary>Ordered by the time of the worker's start: a later life of it compares higher.</summary>
    private static string Incarnation() => $"{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds():x12}-{Environment.ProcessId:x6}-{Guid.NewGuid():N}"[..28];

    private async Task LeaveJobAsync(One one)
    {
        try
        {
            await one.Actor.Ask<WorkerActor.Left>(new WorkerActor.Leave(), LetGoTimeout);
        }
        catch (AskTimeoutException)
        {
            _logger.LogWarning("The job has not let {Worker} go within {Timeout} s; it stops all the same, which the job takes for a loss.", one.Name, LetGoTimeout.TotalSeconds);
        }
    }

    private static async Task<bool> HasQuitAsync(One one)
    {
        var quit = one.Actor.GracefulStop(QuitTimeout, new WorkerActor.Quit());
        await Task.WhenAny(quit, one.Stuck);
        return quit.IsCompletedSuccessfully;
    }

    private sealed record One(string Name, IActorRef Actor, Task Stuck);
}
