namespace Trainer.Cluster.Tests.Processes;

/// <summary>A cluster of five workers with a thread each, for all tests that leave it as it was; up when the first wants it.</summary>
public sealed class FiveWorkers : IAsyncDisposable
{
    private Task<LocalCluster>? _cluster;

    public Task<LocalCluster> ClusterAsync() => _cluster ??= LocalCluster.UpAsync(workers: 5, threads: 1);

    public async ValueTask DisposeAsync()
    {
        if (_cluster is { IsCompletedSuccessfully: true })
        {
            await (await _cluster).DisposeAsync();
        }
    }
}
