using System.Text.Json;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests;

/// <summary>Small jobs that went wrong once (Jobs/Cases), through `trainer submit`: what is right is a refusal's text or a value.</summary>
[Collection("processes")]
public sealed class CaseTests(FiveWorkers five)
{
    [Theory]
    [InlineData("blocks-doubling", 90, "blocks and repeats come to more than 10000 layers")]
    [InlineData("labels-from-1", 2, "gives 5 classes; the data's labels go up to 5 and need 6; they start at 1, so data.label_offset: 1 may be what is missing")]
    public async Task A_job_that_cannot_run_is_refused_with_the_place(string name, int line, string reason)
    {
        var cluster = await five.ClusterAsync();
        var outcome = await cluster.RunAsync("submit", FileOf(name), "--output", "json");

        Assert.Equal(2, outcome.ExitCode);
        var violation = Assert.Single(JsonDocument.Parse(outcome.Output + outcome.Error).RootElement.GetProperty("violations").EnumerateArray());
        Assert.Equal("model.layers", violation.GetProperty("field").GetString());
        Assert.Equal(reason, violation.GetProperty("description").GetString());
        Assert.EndsWith($"{name}.yaml:{line}:9", violation.GetProperty("place").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_summed_loss_does_not_depend_on_the_number_of_workers()
    {
        var (one, two) = (await TrainAsync("mse-sum-w1"), await TrainAsync("mse-sum-w2"));

        foreach (var value in (string[])["weights_sha256", "loss", "test_accuracy"])
        {
            Assert.Equal(one.GetProperty(value).ToString(), two.GetProperty(value).ToString());
        }
    }

    [Fact]
    public async Task An_ignored_sample_is_neither_right_nor_wrong()
    {
        var result = await TrainAsync("ignored-accuracy");

        Assert.Equal((1, 1), (result.GetProperty("train_accuracy").GetDouble(), result.GetProperty("test_accuracy").GetDouble()));
    }

    [Theory]
    [Trait("Category", "Long")]
    [InlineData("all-ignored-batch")]
    [InlineData("bn-noaffine-first")]
    [InlineData("ceil-mode")]
    [InlineData("cosine-warmup1")]
    [InlineData("gn-one-value")]
    [InlineData("ignore255")]
    [InlineData("one-cycle-nan")]
    [InlineData("pool-dilation")]
    [InlineData("unwanted-bool")]
    public async Task What_pytorch_trains_is_trained(string name) => Assert.True(double.IsFinite((await TrainAsync(name)).GetProperty("loss").GetDouble()));

    private static string FileOf(string name) => Path.Combine(Repository.Root, "tests/Trainer.Cluster.Tests/Jobs/Cases", $"{name}.yaml");

    private async Task<JsonElement> TrainAsync(string name)
    {
        var result = await (await five.ClusterAsync()).TrainAsync(FileOf(name));
        Assert.Equal("SUCCEEDED", result.GetProperty("state").GetString());
        return result;
    }
}
