using System.Diagnostics;
using Trainer.Cli.Api;
using Trainer.Cluster.Tests.Processes;
using Trainer.Hosting.Run;
using Trainer.Protos;

namespace Trainer.Cluster.Tests.Chaos;

/// <summary>A local cluster whose processes can be struck, and which more workers can join.</summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    private readonly LocalCluster _cluster;
    private readonly Dictionary<string, Process> _joined = new(StringComparer.Ordinal);
    private readonly RunFolder _run;
    private int _joins;

    private ChaosCluster(LocalCluster cluster)
    {
        _cluster = cluster;
        Address = new ClusterAddress(null, null, Path.Combine(cluster.Home, "run"));
        _run = RunFolder.TryOpen(Address.RunFolder)!;
    }

    public ClusterAddress Address { get; }

    public string Home => _cluster.Home;

    public string Logs => _cluster.Logs();

    /// <summary>Workers that are alive beside those of `trainer up`, the oldest first.</summary>
    public IReadOnlyList<string> Joined => [.. _joined.Where(worker => !worker.Value.HasExited).Select(worker => worker.Key)];

    /// <summary>All workers beside those of `trainer up`, alive or not.</summary>
    public IReadOnlyList<string> HasJoined => [.. _joined.Keys];

    public static async Task<ChaosCluster> UpAsync(int workers) => new(await LocalCluster.UpAsync(workers, threads: 1));

    /// <param name="options">More of `trainer submit`.</param>
    public Task<string> SubmitAsync(string jobFile, params string[] options) => _cluster.SubmitAsync(jobFile, options);

    /// <summary>The process of a worker or the coordinator; null while there is none.</summary>
    public int? Process(string name) => _run.Endpoints().FirstOrDefault(endpoint => endpoint.Name == name)?.ProcessId;

    public IReadOnlyList<string> Workers() => [.. _run.Endpoints().Where(endpoint => endpoint.Role == "worker").Select(endpoint => endpoint.Name)];

    /// <summary>Starts one more node process.</summary>
    /// <param name="probe">Its TRAINER_CHAOS_PROBE; null: none.</param>
    /// <param name="workers">How many it has; null: as many as <paramref name="device"/> says.</param>
    /// <param name="environment">More of it.</param>
    public (string Name, Process Process) Join(string prefix, string? probe, int? workers = 1, string device = "cpu", params IEnumerable<(string Name, string Value)> environment)
    {
        var name = $"{prefix}-{_joins++}";
        return (name, Start(name, probe, ["--device", device, .. workers is { } count ? (string[])["--workers", $"{count}"] : []], environment));
    }

    /// <summary>Waits until the cluster lists workers.</summary>
    public async Task ListedAsync(IEnumerable<string> workers)
    {
        var missing = workers.ToHashSet(StringComparer.Ordinal);
        for (var patience = Stopwatch.StartNew(); missing.Count > 0; await Task.Delay(100))
        {
            var reply = await CallAsync((client, stop) => client.CallAsync((cluster, call) => cluster.Workers.ListWorkersAsync(new ListWorkersRequest(), call), stop));
            missing.ExceptWith(reply.Workers.Select(worker => worker.Name));
            Assert.True(missing.Count == 0 || patience.Elapsed < TimeSpan.FromMinutes(2), $"{string.Join(", ", missing)} did not join.\n{Logs}");
        }
    }

    /// <summary>Starts a worker again that had joined and has been killed, without a probe.</summary>
    public async Task RestartAsync(string name)
    {
        await _joined[name].WaitForExitAsync();

        Start(name, probe: null);
    }

    /// <summary>Tells a worker to stop, waits until its process is gone, and starts another of its name.</summary>
    public async Task ReplaceAsync(string name)
    {
        var (patience, old) = (Stopwatch.StartNew(), Process(name));
        for (_ = old is { } alive && Signals.Terminate(alive); old is not null && Process(name) == old; await Task.Delay(20))
        {
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(2), $"{name} does not stop.\n{Logs}");
        }

        Start(name, probe: null);
    }

    private Process Start(string name, string? probe, IReadOnlyList<string>? more = null, IEnumerable<(string Name, string Value)>? environment = null)
    {
        var start = new ProcessStartInfo(TrainerProcess.Executable)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])["node", "--name", name, "--threads", "1", "--run-folder", Address.RunFolder, "--exit-with-parent", .. more ?? ["--device", "cpu"]])
        {
            start.ArgumentList.Add(argument);
        }

        if (probe is not null)
        {
            start.Environment["TRAINER_CHAOS_PROBE"] = probe;
        }

        foreach (var (variable, value) in environment ?? [])
        {
            start.Environment[variable] = value;
        }

        var process = System.Diagnostics.Process.Start(start) ?? throw new InvalidOperationException("trainer node did not start");
        KeepLog(process, Path.Combine(Home, "logs", name + ".log"));
        _joined[name] = process;
        return process;
    }

    public async Task<T> CallAsync<T>(Func<ClusterClient, CancellationToken, Task<T>> call)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var client = await ClusterClient.OpenAsync(Address, limit.Token);
        return await call(client, limit.Token);
    }

    public async Task<IReadOnlyList<JournalEntry>> JournalAsync(string job) =>
        (await CallAsync((client, stop) => client.CallAsync((cluster, call) => cluster.Jobs.GetJournalAsync(new GetJournalRequest { Id = job }, call), stop))).Entries;

    public Task<DrainWorkerResponse> DrainAsync(string worker, bool undo) => CallAsync(
        (client, stop) => client.CallAsync((cluster, call) => cluster.Workers.DrainWorkerAsync(new DrainWorkerRequest { Name = worker, Undo = undo }, call), stop));

    /// <summary>Ends the workers that have joined.</summary>
    public async Task EndJoinedAsync()
    {
        foreach (var process in _joined.Values)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        _joined.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await EndJoinedAsync();
        await _cluster.DisposeAsync();
    }

    private static void KeepLog(Process process, string file)
    {
        process.OutputDataReceived += Append;
        process.ErrorDataReceived += Append;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();

        void Append(object _, DataReceivedEventArgs line)
        {
            if (line.Data is not null)
            {
                lock (process)
                {
                    File.AppendAllText(file, line.Data + "\n");
                }
            }
        }
    }
}
