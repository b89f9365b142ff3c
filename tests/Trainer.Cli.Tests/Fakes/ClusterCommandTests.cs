namespace Trainer.Cli.Tests.Fakes;

/// <summary>Tests of commands that speak with a cluster: a scripted job API, published in a home of the test's own.</summary>
public abstract class ClusterCommandTests : IAsyncLifetime
{
    private FakeCluster? _cluster;

    private protected TemporaryFolder Home { get; } = new();

    private protected FakeApi Api { get; } = new();

    private protected FakeCluster Cluster => _cluster ?? throw new InvalidOperationException("the cluster has not started");

    public virtual async ValueTask InitializeAsync() => _cluster = await FakeCluster.StartAsync(Api, Home.Path);

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        Home.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected Task<CommandRun> RunAsync(params string[] arguments) => CommandRun.InAsync(Home.Path, arguments);
}
