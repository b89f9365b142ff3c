using Trainer.Cli.Home;
using Trainer.Cli.Local;
using Trainer.Cli.Tests.Fakes;
using Trainer.Hosting.Run;
using Trainer.Protos;

namespace Trainer.Cli.Tests.Local;

/// <summary>`trainer up` and `down` in processes of their own, with children that are shell scripts.</summary>
public sealed class LocalClusterTests : IAsyncLifetime
{
    private readonly FakeApi _api = new();
    private FakeCluster _cluster = null!;
    private FakeInstallation _installation = null!;

    private RunFolder Run => RunFolder.TryOpen(_installation.Run)!;

    public async ValueTask InitializeAsync()
    {
        _api.Workers.AddRange(Enumerable.Range(0, 3).Select(number => new Worker { Name = $"worker-{number}" }));
        // The fake API must take the token of the run folder that `up` will use.
        using var folders = new TemporaryFolder();
        _cluster = await FakeCluster.StartAsync(_api, folders.Path);
        _installation = new FakeInstallation(_cluster.Endpoint);
        Directory.CreateDirectory(_installation.Run, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(Path.Combine(_installation.Run, "token"), _cluster.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await CommandRun.InAsync(_installation.Home, "down"); // whatever a failed test left
        await _cluster.DisposeAsync();
        _installation.Dispose();
    }

    [Fact]
    public async Task Up_says_when_all_is_ready_and_sigterm_stops_everything()
    {
        using var up = _installation.Start("up", "--workers", "2", "--threads-per-worker", "3");
        await ReadyAsync(up, "The cluster is up: 2 workers with 3 threads each.", workers: 2);
        var children = Identities();
        Assert.Equal(["coordinator", "worker-0", "worker-1"], Run.Endpoints().Select(endpoint => endpoint.Name));

        Assert.True(Posix.Terminate(ProcessIdentity.Of(up.Id)!.Value));

        Assert.Equal(0, await up.EndAsync());
        Assert.EndsWith("The cluster has stopped.\n", up.Output);
        Assert.DoesNotContain(children, child => child.IsAlive);
        Assert.Equal(["endpoints", "token"], Directory.EnumerateFileSystemEntries(_installation.Run).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task A_child_that_ends_is_started_again()
    {
        using var up = _installation.Start("up", "--workers", "2");
        await ReadyAsync(up, "The cluster is up", workers: 2);
        var before = Identity("worker-1")!.Value;

        Posix.Kill(before);

        await up.SaysAsync("worker-1 ended with exit code 137; starting it again in 0.2 s.");
        await Eventually.TrueAsync(() => Identity("worker-1") is { } after && after != before, "worker-1 is back");
    }

    [Fact]
    public async Task Without_restarts_the_cluster_ends_when_all_have_ended()
    {
        using var up = _installation.Start("up", "--workers", "1", "--no-restart");
        await ReadyAsync(up, "The cluster is up", workers: 1);

        Identities().ForEach(child => Posix.Kill(child));

        Assert.Equal(1, await up.EndAsync());
        Assert.Contains("worker-0 ended with exit code 137. Its log: ", up.Output);
        Assert.Contains("All processes of the cluster have ended.\n", up.Output);
    }

    [Fact]
    public async Task Nothing_survives_a_supervisor_that_is_killed_and_its_remains_do_not_hinder_the_next()
    {
        using var killed = _installation.Start("up", "--workers", "2");
        await ReadyAsync(killed, "The cluster is up", workers: 2);
        var children = Identities();

        killed.Kill();
        await killed.EndAsync();

        await Eventually.TrueAsync(() => !children.Any(child => child.IsAlive), "all children have ended");
        Assert.True(File.Exists(Path.Combine(_installation.Run, "cluster.json")));
        Assert.Equal("Nothing is running (run folder " + _installation.Run + ").\n", (await CommandRun.InAsync(_installation.Home, "down")).Output);
        Assert.Equal(["endpoints", "token"], Directory.EnumerateFileSystemEntries(_installation.Run).Select(Path.GetFileName).Order());
        using var next = _installation.Start("up", "--workers", "1", "--exit-with-parent");
        await next.SaysAsync("The cluster is up: 1 worker with");
        next.CloseInput();
        Assert.Equal(0, await next.EndAsync());
    }

    [Fact]
    public async Task A_detached_cluster_is_ready_when_up_returns_refuses_a_second_one_and_goes_down()
    {
        using var up = _installation.Start("up", "--workers", "3", "--threads-per-worker", "1", "--detach");
        Assert.Equal(0, await up.EndAsync());
        Assert.StartsWith("The cluster is up: 3 workers with 1 thread each.\nNAME         PROCESS", up.Output);
        var supervisor = LocalClusterRecord.Find(Run)!.Supervisor;
        await PublishedAsync(workers: 3);
        var children = Identities();

        var second = await CommandRun.InAsync(_installation.Home, "up");
        Assert.Equal(1, second.ExitCode);
        Assert.Equal(
            $"A cluster is already running here: 3 workers, supervisor process {supervisor.ProcessId}, run folder {_installation.Run}.\nStop it with: trainer down\n",
            second.Errors);

        var down = await CommandRun.InAsync(_installation.Home, "down");
        Assert.Matches(@"^Stopped supervisor, coordinator, worker-0, worker-1, worker-2 in \d+\.\d s\.\n$", down.Output);
        Assert.False(supervisor.IsAlive);
        Assert.DoesNotContain(children, child => child.IsAlive);
        Assert.Equal(0, (await CommandRun.InAsync(_installation.Home, "down")).ExitCode);
    }

    [Fact]
    public async Task A_deleted_run_folder_hides_nothing()
    {
        using var up = _installation.Start("up", "--workers", "2");
        await ReadyAsync(up, "The cluster is up", workers: 2);
        var children = Identities();
        var coordinator = Identity("coordinator")!.Value.ProcessId;
        Directory.Delete(_installation.Run, recursive: true);

        foreach (var options in new[] { Array.Empty<string>(), ["--detach"] })
        {
            var second = await CommandRun.InAsync(_installation.Home, ["up", .. options]);
            Assert.Equal(1, second.ExitCode);
            Assert.StartsWith($"A cluster is still running here, and its run folder {_installation.Run} was deleted: supervisor (process {up.Id}), coordinator (process {coordinator}), worker-0 (process ", second.Errors);
            Assert.EndsWith("Stop it with: trainer down\n", second.Errors);
        }

        var down = await CommandRun.InAsync(_installation.Home, "down");
        Assert.StartsWith("Stopped supervisor, coordinator, worker-0, worker-1 in ", down.Output);
        Assert.Equal(0, await up.EndAsync());
        Assert.DoesNotContain(children, child => child.IsAlive);
    }

    [Fact]
    public async Task Nobody_else_can_read_what_a_cluster_keeps()
    {
        foreach (var older in new[] { "store", "logs" })
        {
            Directory.CreateDirectory(Path.Combine(_installation.Home, older), (UnixFileMode)0b111_101_101);
        }

        using var up = _installation.Start("up", "--workers", "1");
        await ReadyAsync(up, "The cluster is up", workers: 1);

        foreach (var folder in new[] { "store", "jobs", "logs", "run" })
        {
            Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(Path.Combine(_installation.Home, folder)));
        }

        foreach (var file in Directory.GetFiles(Path.Combine(_installation.Home, "logs")))
        {
            Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(file));
        }
    }

    [Fact]
    public async Task A_home_that_is_a_file_is_named()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["home"], "");

        foreach (var command in new[] { "up", "down", "jobs" })
        {
            var run = await CommandRun.InAsync(folder["home"], command);
            Assert.Equal((1, $"{folder["home"]} is a file; expected a folder.\n"), (run.ExitCode, run.Errors));
        }
    }

    [Theory]
    [InlineData("--detach")]
    [InlineData("--no-restart")]
    public async Task A_child_that_fails_at_its_start_fails_the_cluster_with_the_end_of_its_log(string option)
    {
        _installation.Misbehave("worker-1", "fails");
        _api.Workers.RemoveAll(worker => worker.Name == "worker-1");
        using var up = _installation.Start("up", "--workers", "2", option);

        Assert.Equal(1, await up.EndAsync());

        Assert.Contains("worker-1 ended with exit code 7 while starting.\n", up.Output);
        Assert.Contains("worker-1.log:\n  | worker-1 says hello\n  | worker-1 cannot find its socks\n", up.Output);
        Assert.Empty(Run.Endpoints());
        Assert.Null(LocalClusterRecord.Find(Run));
        Assert.Equal(["endpoints", "token"], Directory.EnumerateFileSystemEntries(_installation.Run).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task The_log_of_the_run_before_is_kept()
    {
        for (var round = 0; round < 2; round++)
        {
            using var up = _installation.Start("up", "--exit-with-parent");
            await up.SaysAsync("The cluster is up");
            up.CloseInput();
            await up.EndAsync();
        }
        Assert.Equal(
            ["coordinator.log", "coordinator.log.1", "worker-0.log", "worker-0.log.1"],
            Directory.EnumerateFiles(Path.Combine(_installation.Home, "logs")).Select(Path.GetFileName).Order());
    }

    private async Task ReadyAsync(ToolProcess up, string says, int workers)
    {
        await up.SaysAsync(says);
        await PublishedAsync(workers);
    }

    /// <summary>The fake API knows the workers before they are there.</summary>
    private Task PublishedAsync(int workers) => Eventually.TrueAsync(() => Run.Endpoints().Count == workers + 1, $"{workers} workers have published");

    private List<ProcessIdentity> Identities() => [.. Run.Endpoints().Select(endpoint => new ProcessIdentity(endpoint.ProcessId, endpoint.StartTicks))];

    private ProcessIdentity? Identity(string name) =>
        Run.Endpoints().FirstOrDefault(endpoint => endpoint.Name == name) is { } found ? new ProcessIdentity(found.ProcessId, found.StartTicks) : null;
}
