using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Home;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Hosting.Run;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Gpu;
using Trainer.Protos;

namespace Trainer.Cli.Local;

/// <summary>What `trainer up` was asked for.</summary>
internal sealed record LocalClusterOptions(LocalFolders Folders, int Workers, int ThreadsPerWorker, string Device, bool Restart)
{
    /// <summary>Arguments that are the coordinator's, as 'trainer coordinator' takes them.</summary>
    public IReadOnlyList<string> ToCoordinator { get; init; } = [];

    /// <summary>Bytes that a worker may hold; null: those on the CPU share out what there is.</summary>
    public long? MemoryPerWorker { get; init; }

    /// <summary>Whoever reaches a process may read its metrics.</summary>
    public bool MetricsOpen { get; init; }

    /// <summary>Where all processes send spans; null: nowhere.</summary>
    public Uri? Otlp { get; init; }

    /// <summary>Compute threads of each worker where nobody says how many: together no more than there are processors, which a CPU quota counts as few (rounded up), but one at least.</summary>
    public static int ThreadsOf(int processors, int workers) => Math.Max(1, processors / workers);

    /// <summary>Arguments that all processes take.</summary>
    public IReadOnlyList<string> ToAll =>
        [.. MetricsOpen ? [MetricsOption.Name] : Array.Empty<string>(), .. Otlp is { } otlp ? [OtlpOption.Name, otlp.OriginalString] : Array.Empty<string>()];
}

/// <summary>A cluster of processes on this machine: one coordinator, some workers, and a supervisor, which is this process.</summary>
internal sealed class LocalCluster(LocalClusterOptions options, Printer printer)
{
    /// <summary>A process may take so long to stop; then it is killed.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>Long enough for a machine that is busy with other things.</summary>
    private static readonly TimeSpan StartWithin = TimeSpan.FromMinutes(3);

    private const string Coordinator = "coordinator";

    /// <summary>Starts the cluster, says when it is ready, and keeps it until told to stop.</summary>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        var devices = WorkerDevices.Of(options.Device, options.Workers, DeviceCatalog.List);
        if (options.MemoryPerWorker is not null)
        {
            WorkerDevices.RefuseMemory("--memory-per-worker", devices);
        }

        PrivateFiles.ForWholeProcess();
        RefuseDeletedRunFolder(options.Folders.Run);
        options.Folders.MakePrivate();
        var run = RunFolder.OpenOrCreate(options.Folders.Run);
        using var claim = SupervisorClaim.TryTake(run) ?? throw AlreadyRunning(run);
        var self = ProcessIdentity.Current;
        var record = new LocalClusterRecord(self.ProcessId, self.StartTicks, Ready: false, options.Workers, options.ThreadsPerWorker, options.Folders.Logs);
        record.Write(run);
        await Leftovers.ClearAsync(options.Folders.Run, Grace, TimeSpan.Zero, stop);
        try
        {
            await using var supervisor = new Supervisor(options.Restart, child => IsUp(run, child), printer.Tell, Grace) { UpWithin = StartWithin };
            await StartAsync(supervisor, run, devices, stop);
            (record with { Ready = true }).Write(run);
            ReadyText.Print(printer, run, record);
            var jobs = new ParkedJobs(options.Folders.Store, run.Path, printer.Tell);
            await jobs.ResumeAsync(stop);
            await KeepAsync(supervisor, jobs, stop);
            throw new CliException("All processes of the cluster have ended.");
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            printer.Tell("The cluster has stopped.");
            return ExitCode.Ok;
        }
        finally
        {
            run.RemoveRemains();
        }
    }

    /// <summary>Keeps the processes until told to stop; then the jobs that run are suspended while all is still there.</summary>
    private static async Task KeepAsync(Supervisor supervisor, ParkedJobs jobs, CancellationToken stop)
    {
        try
        {
            await supervisor.RunAsync(Coordinator, stop);
        }
        finally
        {
            if (stop.IsCancellationRequested)
            {
                await jobs.SuspendAsync();
            }
        }
    }

    public static CliException AlreadyRunning(RunFolder run) => new(
        LocalClusterRecord.Find(run) is { } other
            ? $"A cluster is already running here: {Words.Plural(other.Workers, "worker")}, supervisor process {other.ProcessId}, run folder {run.Path}."
            : $"Another 'trainer up' is just starting or stopping here: {ProcessText.Of(SupervisorClaim.Holder(run))}, run folder {run.Path}.",
        remedy: "Stop it with: trainer down");

    /// <exception cref="CliException">A cluster goes on whose run folder somebody has deleted: it holds store and devices all the same.</exception>
    public static void RefuseDeletedRunFolder(string path)
    {
        var found = Leftovers.Find(path);
        var isRecorded = RunFolder.TryOpen(path) is { } run && LocalClusterRecord.Find(run) is not null;
        if (!isRecorded && found is [{ Name: Leftovers.Supervisor }, ..])
        {
            throw new CliException(
                $"A cluster is still running here, and its run folder {path} was deleted: "
                    + $"{string.Join(", ", found.Select(process => $"{process.Name} (process {process.Identity.ProcessId})"))}.",
                remedy: "Stop it with: trainer down");
        }
    }

    private async Task StartAsync(Supervisor supervisor, RunFolder run, IReadOnlyList<DeviceListing> devices, CancellationToken stop)
    {
        var workers = Enumerable.Range(0, options.Workers).Select(number => $"worker-{number}").ToList();
        var ports = LocalPorts.In(options.Folders.Store);
        var (grpc, http) = (ports.For($"{Coordinator}/grpc"), workers.Prepend(Coordinator).ToDictionary(name => name, name => ports.For($"{name}/http")));
        ports.Write();
        supervisor.Start(Child(
            Coordinator,
            ["coordinator", "--name", Coordinator, "--store", options.Folders.Store, "--artifacts", options.Folders.Jobs, "--grpc-port", $"{grpc}", "--http-port", $"{http[Coordinator]}", .. options.ToCoordinator]));
        await supervisor.UntilAsync(
            () => Task.FromResult(run.Endpoints().Any(endpoint => endpoint.Grpc is not null)), "The coordinator", Coordinator, StartWithin, stop);
        foreach (var (worker, device) in workers.Zip(devices))
        {
            supervisor.Start(Child(worker, ["node", "--name", worker, "--threads", $"{options.ThreadsPerWorker}", "--device", device.Name, "--http-port", $"{http[worker]}", .. MemoryOf(device)]));
        }

        var all = $"The cluster of {Words.Plural(workers.Count, "worker")}";
        await supervisor.UntilAsync(() => AreListedAsync(workers, run, stop), all, Coordinator, StartWithin, stop);
    }

    // Each plans as if the others needed their part. One alone finds what there is.
    private string[] MemoryOf(DeviceListing device)
    {
        var shared = device.Kind == DeviceKind.Cpu && options.Workers > 1 ? device.MemoryBytes / options.Workers : (long?)null;
        return (options.MemoryPerWorker ?? shared) is { } bytes ? ["--memory", ByteSizeOption.Text(bytes)] : [];
    }

    private ChildSpec Child(string name, string[] arguments) => new(
        name, Executable.Path, [.. arguments, .. options.ToAll, "--run-folder", options.Folders.Run, "--exit-with-parent"], LogFile.Fresh(options.Folders.Logs, name));

    private static bool IsUp(RunFolder run, ChildProcess child) =>
        run.Endpoints().Any(endpoint => endpoint.Name == child.Spec.Name && endpoint.ProcessId == child.ProcessId);

    /// <summary>Whether the scheduler knows all these workers.</summary>
    private static async Task<bool> AreListedAsync(List<string> workers, RunFolder run, CancellationToken stop)
    {
        try
        {
            using var client = await ClusterClient.OpenAsync(new ClusterAddress(null, null, run.Path), stop);
            var response = await client.CallAsync((cluster, call) => cluster.Workers.ListWorkersAsync(new ListWorkersRequest(), call), stop);
            return workers.All(name => response.Workers.Any(worker => worker.Name == name));
        }
        catch (CliException notYet) when (notYet.ExitCode == ExitCode.Unreachable)
        {
            return false;
        }
    }
}
