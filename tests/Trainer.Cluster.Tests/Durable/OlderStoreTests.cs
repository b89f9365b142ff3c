using Trainer.Cluster.Tests.Chaos;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Cluster.Tests.Durable;

/// <summary>The drill of docs/elasticity.md: a store is put back that is older than the workers who train.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class OlderStoreTests
{
    [Fact]
    public async Task A_job_goes_on_from_what_its_workers_hold_one_that_the_store_does_not_know_is_adopted_and_nothing_is_dropped()
    {
        await using var cluster = await Coordinators.StartAsync(coordinators: 1, workers: 3, store: null, LocalCluster.SlowSteps);
        var file = new TinyJob(Epochs: 200, MinWorkers: 1, MaxWorkers: 2) { CheckpointSeconds = 1000 }.Write(cluster.Home);
        var known = await cluster.SubmitAsync(file);
        await cluster.UntilAsync(async () => await cluster.StepAsync(0, known) > 20);
        var copy = Path.Combine(cluster.Home, "copy.db");
        SqliteBackup.Write(cluster.Store, copy);

        // Since then: a coordinator has died, so that the workers obey a higher term, a worker has, and another job has come.
        Signals.Kill(cluster.Coordinator(0));
        await cluster.WholeAsync();
        var unknown = await cluster.SubmitAsync(file);
        Signals.Kill(cluster.Worker(0));
        await cluster.WholeAsync();
        await cluster.UntilAsync(async () => await cluster.StepAsync(0, unknown) > 20);
        var (reached, reachedByOther) = (await cluster.StepAsync(0, known), await cluster.StepAsync(0, unknown));
        await cluster.ReplaceAsync(0, () => PutBack(copy, cluster.Store));

        await cluster.UntilAsync(async () => await cluster.StepAsync(0, known) > reached);
        var orphan = "";
        await cluster.UntilAsync(async () => (orphan = (await cluster.Workers(0).ListWorkersAsync(new ListWorkersRequest())).Workers.FirstOrDefault(worker => worker.Orphaned && worker.Job == unknown)?.Name ?? "").Length > 0);
        await cluster.UntilAsync(async () => (await cluster.Workers(0).AdoptWorkerAsync(new AdoptWorkerRequest { Name = orphan })).Id == unknown);
        await cluster.UntilAsync(async () => await cluster.StepAsync(0, unknown) > reachedByOther);

        var undisturbed = await cluster.SubmitAsync(file);
        var ended = new List<Job>();
        foreach (var id in new[] { known, unknown, undisturbed })
        {
            ended.Add(await cluster.EndAsync(0, id));
        }

        Assert.All(ended, job => Assert.Equal((JobState.Succeeded, ended[^1].Result.WeightsSha256), (job.State, job.Result.WeightsSha256)));
        Assert.DoesNotContain(ended, job => job.Transitions.Any(transition => transition.Reason == "StateLost"));
    }

    private static void PutBack(string copy, string store)
    {
        foreach (var file in Directory.GetFiles(store, "jobs.db*"))
        {
            File.Delete(file);
        }

        File.Copy(copy, Path.Combine(store, "jobs.db"));
    }
}
