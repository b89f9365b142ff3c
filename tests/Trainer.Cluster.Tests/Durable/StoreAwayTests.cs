using Grpc.Core;
using Trainer.Cluster.Tests.Chaos;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;
using Trainer.Coordinator.Tests.Store;
using Trainer.Hosting.Steps;
using Trainer.Protos;

namespace Trainer.Cluster.Tests.Durable;

/// <summary>PostgreSQL is paused and killed while real workers train: they go on, nobody loses a step, and the weights are those of an undisturbed job.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class StoreAwayTests
{
    private const int More = 20;

    [Fact]
    public async Task Training_goes_on_without_its_store_a_worker_that_dies_meanwhile_is_done_without_afterwards_and_the_weights_are_the_same()
    {
        await using var postgres = await PostgresServer.StartAsync();
        Assert.SkipWhen(postgres is null, PostgresServer.Missing);
        await using var cluster = await Coordinators.StartAsync(coordinators: 1, workers: 3, postgres.NewDatabase(), LocalCluster.SlowSteps);
        var file = new TinyJob(Epochs: 250, MinWorkers: 2) { CheckpointSeconds = 1000 }.Write(cluster.Home);
        var id = await cluster.SubmitAsync(file);
        await cluster.UntilAsync(async () => await cluster.StepAsync(0, id) > More);

        postgres.Pause();
        try
        {
            await RefusesAsync(cluster, id);
            await TrainsAsync(cluster, id);
        }
        finally
        {
            postgres.Continue();
        }

        await AnswersAsync(cluster, id);
        await postgres.KillAsync();
        await RefusesAsync(cluster, id);
        await TrainsAsync(cluster, id);

        // A loss needs the entity, which needs its store: who is left holds what it has until then.
        Signals.Kill(cluster.Worker(0));
        await RefusesAsync(cluster, id);
        await postgres.StartAgainAsync();
        await AnswersAsync(cluster, id);
        var (job, undisturbed) = (await cluster.EndAsync(0, id), await cluster.EndAsync(0, await cluster.SubmitAsync(file)));
        Assert.Equal((JobState.Succeeded, undisturbed.Result.WeightsSha256), (job.State, job.Result.WeightsSha256));
        await cluster.NothingIsLostAsync(0, id);
    }

    private static async Task RefusesAsync(Coordinators cluster, string id)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await cluster.Jobs(0).GetJobAsync(new GetJobRequest { Id = id }, deadline: DateTimeOffset.UtcNow.AddSeconds(20).UtcDateTime));
        Assert.True(refused.StatusCode == StatusCode.Unavailable && refused.GetRpcStatus()?.GetDetail<Google.Rpc.ErrorInfo>()?.Reason == "STORE_UNAVAILABLE", $"{refused}\n{cluster.Logs()}");
    }

    // What the workers wrote beside the job's files, since nobody else knows.
    private static async Task TrainsAsync(Coordinators cluster, string id)
    {
        var step = StepFiles.LastStep(cluster.Artifacts(id));
        await cluster.UntilAsync(() => Task.FromResult(StepFiles.LastStep(cluster.Artifacts(id)) > step + More));
    }

    private static async Task AnswersAsync(Coordinators cluster, string id)
    {
        var step = StepFiles.LastStep(cluster.Artifacts(id));
        await cluster.UntilAsync(async () => await cluster.StepAsync(0, id) > step);
    }
}
