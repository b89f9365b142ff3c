using Trainer.Cluster.Tests.Chaos;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Protos;

namespace Trainer.Cluster.Tests;

/// <summary>A worker's memory changes: its job ends with the right weights, and its machine gets no other until an operator clears it.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class CorruptionTests
{
    [Fact]
    public Task A_worker_whose_weights_change_is_named_and_its_machine_is_in_quarantine_until_it_is_cleared() => FlipAsync("Weights:40:flip");

    [Fact]
    public Task So_is_one_whose_gradients_change() => FlipAsync("Contribution:40:flip");

    private static async Task FlipAsync(string probe)
    {
        await using var cluster = await ChaosCluster.UpAsync(workers: 1);
        var file = new TinyJob(Epochs: 60).Write(cluster.Home);
        var undisturbed = await EndAsync(cluster, await cluster.SubmitAsync(file));

        var (victim, _) = cluster.Join("victim", probe);
        await UntilAsync(cluster, list => list.Workers.Count == 2);
        var id = await cluster.SubmitAsync(new TinyJob(Epochs: 60, MinWorkers: 1).Write(cluster.Home));
        var ended = await EndAsync(cluster, id);
        Assert.Equal((JobState.Succeeded, undisturbed.Result.WeightsSha256), (ended.State, ended.Result.WeightsSha256));
        var entry = Assert.Single(await cluster.JournalAsync(id), generation => generation.Reason == "Corruption");
        Assert.StartsWith($"{victim}: ", entry.Detail, StringComparison.Ordinal);

        // All workers of this machine share its memory.
        var list = await UntilAsync(cluster, list => list.Workers.Count == 2 && list.Workers.All(worker => worker.Quarantined && worker.Job.Length == 0));
        var quarantine = Assert.Single(list.Quarantines);
        Assert.Equal(("cpu", victim, id), (quarantine.Device, quarantine.Worker, quarantine.Job));
        var waiting = await cluster.SubmitAsync(file);
        await cluster.CallAsync((client, stop) => client.CallAsync((api, call) => api.Workers.ClearWorkerAsync(new ClearWorkerRequest { Name = victim }, call), stop));
        Assert.Equal(undisturbed.Result.WeightsSha256, (await EndAsync(cluster, waiting)).Result.WeightsSha256);
    }

    private static async Task<Job> EndAsync(ChaosCluster cluster, string id)
    {
        while (true)
        {
            var job = await cluster.CallAsync((client, stop) => client.CallAsync((api, call) => api.Jobs.GetJobAsync(new GetJobRequest { Id = id }, call), stop));
            if (job.State is JobState.Succeeded or JobState.Failed or JobState.Cancelled)
            {
                return job;
            }

            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    private static async Task<ListWorkersResponse> UntilAsync(ChaosCluster cluster, Func<ListWorkersResponse, bool> holds)
    {
        while (true)
        {
            var list = await cluster.CallAsync((client, stop) => client.CallAsync((api, call) => api.Workers.ListWorkersAsync(new ListWorkersRequest(), call), stop));
            if (holds(list))
            {
                return list;
            }

            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
