using Microsoft.Extensions.Logging.Abstractions;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Run;

namespace Trainer.Coordinator.Tests;

public sealed class CoordinatorHostTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_nobody_should_run_is_refused()
    {
        var options = Options();
        Assert.Equal(CoordinatorHost.Refused, await CoordinatorHost.RunAsync(options with { Host = "0.0.0.0" }, default));
        Assert.Equal(CoordinatorHost.Refused, await CoordinatorHost.RunAsync(options with { Token = null }, default));
        Assert.Equal(CoordinatorHost.Refused, await CoordinatorHost.RunAsync(options with { Seeds = ["akka.tcp://trainer@a:1", "akka.tcp://trainer@b:1"] }, default));
        Assert.Equal(CoordinatorHost.Refused, await CoordinatorHost.RunAsync(options with { Seeds = ["a"] }, default));
        Assert.False(Directory.Exists($"{options.Store}"));
    }

    [Fact]
    public async Task It_publishes_where_it_listens_and_withdraws_when_told_to_stop()
    {
        var run = RunFolder.OpenOrCreate(Path.Combine(_folder.Path, "run"));
        using var stop = new CancellationTokenSource();
        var running = CoordinatorHost.RunAsync(Options() with { Run = run, Token = run.Token }, stop.Token);
        ProcessEndpoint? endpoint;
        while ((endpoint = run.Endpoints().SingleOrDefault()) is null)
        {
            Assert.False(running.IsCompleted, "It should run.");
            await Task.Delay(20);
        }

        Assert.Equal(("coordinator", "coordinator"), (endpoint.Name, endpoint.Role));
        Assert.StartsWith("akka.tcp://trainer@127.0.0.1:", endpoint.Cluster);
        using var http = new HttpClient();
        Assert.Equal("Healthy", await http.GetStringAsync($"{endpoint.Http}/healthz"));
        Assert.StartsWith("http://127.0.0.1:", endpoint.Grpc);

        // A second one cannot start on the same store, nor, with a store of its own, on the same run folder.
        Assert.Equal(CoordinatorHost.Failed, await CoordinatorHost.RunAsync(Options() with { Name = "second", Insecure = true }, default));
        var ownStore = Options() with { Name = "third", Run = run, Token = run.Token, Store = new SqliteAddress(Path.Combine(_folder.Path, "other")) };
        Assert.Equal(CoordinatorHost.Failed, await CoordinatorHost.RunAsync(ownStore, default));
        Assert.False(Directory.Exists($"{ownStore.Store}"));

        // Nor does one whose folder for jobs' files is a file.
        var ownFile = Options() with { Name = "fourth", Store = ownStore.Store, Insecure = true, Artifacts = Path.Combine(_folder.Path, "file") };
        await File.WriteAllTextAsync(ownFile.Artifacts, "");
        Assert.Equal(CoordinatorHost.Failed, await CoordinatorHost.RunAsync(ownFile, default));
        Assert.False(Directory.Exists($"{ownStore.Store}"));
        await stop.CancelAsync();
        Assert.Equal(CoordinatorHost.Stopped, await running);
        Assert.Empty(run.Endpoints());
    }

    [Fact]
    public async Task A_coordinator_that_is_downed_ends()
    {
        await using var process = await CoordinatorProcess.StartAsync(
            Options(), new CoordinatorTuning { Cluster = TestCoordinator.QuickCluster }, NullLoggerFactory.Instance);
        Assert.False(process.Expelled.IsCompleted);
        var cluster = Akka.Cluster.Cluster.Get(process.System);
        cluster.Down(cluster.SelfAddress);
        await process.Expelled.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private CoordinatorOptions Options() => new()
    {
        Store = new SqliteAddress(Path.Combine(_folder.Path, "store")),
        Artifacts = Path.Combine(_folder.Path, "jobs"),
        Token = "token",
    };
}
