using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;
using Trainer.Coordinator.Tests.Store;
using Trainer.Protos;

namespace Trainer.Cluster.Tests.Durable;

/// <summary>The network between coordinators is cut, each of which still reaches the store.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class SplitTests
{
    /// <summary>The first seed is the one that could form a cluster of its own.</summary>
    [Fact]
    public async Task The_first_coordinator_alone_ends_forms_no_second_cluster_on_the_store_and_comes_back_once_the_network_does()
    {
        await using var postgres = await PostgresServer.StartAsync();
        Assert.SkipWhen(postgres is null, PostgresServer.Missing);
        await using var networks = await Networks.MakeAsync(3);
        await using var cluster = await Coordinators.StartAsync(coordinators: 3, workers: 2, postgres.NewDatabase(), LocalCluster.SlowSteps, networks);
        var file = new TinyJob(Epochs: 800) { CheckpointSeconds = 1000 }.Write(cluster.Home);
        var id = await cluster.SubmitAsync(file);
        await cluster.UntilAsync(async () => await cluster.StepAsync(1, id) > 20);

        var (before, term) = (cluster.Coordinator(0), 0ul);
        await networks.CutAsync(0);
        await cluster.UntilAsync(() => Task.FromResult(cluster.Coordinator(0) != before)); // It has found out that it is alone, ended, and was started again.
        await cluster.UntilAsync(async () => (term = (await cluster.TellAsync(1, id)).Term) > 0);
        var step = await cluster.StepAsync(1, id);
        await cluster.UntilAsync(async () => await cluster.StepAsync(1, id) > step + 1500); // 30 s, in which it would have formed a cluster of its own.
        Assert.True((await cluster.TellAsync(1, id)).Term == term, $"Somebody else took the job's term.\n{cluster.Logs()}");

        await networks.MendAsync(0);
        await cluster.WholeAsync();
        var job = await cluster.EndAsync(0, id);
        Assert.Equal((JobState.Succeeded, 1), (job.State, (await cluster.Jobs(1).GetJournalAsync(new GetJournalRequest { Id = id })).Entries.Count));
    }
}
