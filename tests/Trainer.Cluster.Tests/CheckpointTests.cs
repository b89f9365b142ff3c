using System.Text.Json;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests;

/// <summary>What is left of a job that was cancelled, on real processes.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class CheckpointTests
{
    [Fact]
    public async Task The_best_epoch_of_a_cancelled_job_is_evaluated_and_has_the_accuracy_that_it_had()
    {
        await using var cluster = await LocalCluster.UpAsync(workers: 2, threads: 1);
        var job = await cluster.SubmitAsync(new TinyJob(Epochs: 100_000) { CheckpointSeconds = 1 }.Write(cluster.Home));
        JsonElement? best;
        do
        {
            best = (await CheckpointsAsync(cluster, job)).Cast<JsonElement?>().FirstOrDefault(checkpoint => checkpoint!.Value.TryGetProperty("best", out var isBest) && isBest.GetBoolean());
        }
        while (best is null);

        await cluster.RunAsync("cancel", job, "--wait");
        var left = await CheckpointsAsync(cluster, job);
        best = left.Single(checkpoint => checkpoint.TryGetProperty("best", out var isBest) && isBest.GetBoolean());
        var evaluated = await cluster.RunAsync("evaluate", job, "--checkpoint", "best", "--output", "json");
        var last = await cluster.RunAsync("export", job, "--checkpoint", "last", "--to", Path.Combine(cluster.Home, "last.safetensors"));

        Assert.True(evaluated.ExitCode == 0 && last.ExitCode == 0, $"{evaluated}\n{last}");
        using var result = JsonDocument.Parse(evaluated.Output);
        Assert.Equal(best.Value.GetProperty("test_accuracy").GetDouble(), result.RootElement.GetProperty("accuracy").GetDouble());
        Assert.Equal(best.Value.GetProperty("test_loss").GetDouble(), result.RootElement.GetProperty("loss").GetDouble());
    }

    private static async Task<IReadOnlyList<JsonElement>> CheckpointsAsync(LocalCluster cluster, string job)
    {
        var listed = await cluster.RunAsync("checkpoints", job, "--output", "json");
        Assert.True(listed.ExitCode == 0, $"{listed}");
        return [.. listed.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
