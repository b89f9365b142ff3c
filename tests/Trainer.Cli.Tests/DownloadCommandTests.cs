using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests;

/// <summary>trainer download</summary>
public sealed class DownloadCommandTests : ClusterCommandTests
{
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Api.Jobs.Add(SampleJobs.Queued);
        Api.Files["metrics.jsonl"] = [5, 6];
        Api.Files["model.safetensors"] = [.. Enumerable.Range(0, 1009).Select(i => (byte)i)];
    }

    [Fact]
    public async Task All_files_come_with_their_sums()
    {
        var run = await DownloadAsync("--to", Home["models"]);
        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.StartsWith($"{Home["models/metrics.jsonl"]} (2 B, SHA-256 ", run.Output);
        Assert.All(Api.Files, file => Assert.Equal(file.Value, File.ReadAllBytes(Home[$"models/{file.Key}"])));
        var json = (await DownloadAsync("model.safetensors", "--to", Home["models"], "--force", "-o", "json")).JsonLines.Single();
        Assert.Equal(("model.safetensors", 1009), ((string)json["name"]!, (int)json["bytes"]!));
    }

    [Fact]
    public async Task A_download_that_breaks_goes_on_where_it_was_also_in_the_next_call()
    {
        Directory.CreateDirectory(Home["models"]);
        File.WriteAllBytes(Home["models/model.safetensors.lenet-3f2a.part"], Api.Files["model.safetensors"][..101]);
        Api.DownloadBreaks.Enqueue(307);
        var run = await DownloadAsync("model.safetensors", "--to", Home["models"]);

        Assert.Equal(0, run.ExitCode);
        Assert.Matches("^The connection is lost; trying again.*\nConnected again.\n$", run.Errors.ReplaceLineEndings("\n"));
        Assert.Equal([101ul, 408ul], Api.Downloads);
        Assert.Equal(Api.Files["model.safetensors"], File.ReadAllBytes(Home["models/model.safetensors"]));
        Assert.Equal([Home["models/model.safetensors"]], Directory.GetFiles(Home["models"]));
    }

    [Fact]
    public async Task What_came_wrong_is_deleted_and_said()
    {
        Api.DownloadSum = "abc";
        var run = await DownloadAsync("metrics.jsonl", "--to", Home["models"]);
        Assert.Equal(1, run.ExitCode);
        Assert.Matches("^metrics.jsonl of job lenet-3f2a came with SHA-256 [0-9a-f]{64}; the cluster says abc.\nWhat had come was deleted: try again.\n$", run.Errors);
        Assert.Empty(Directory.GetFiles(Home["models"]));
    }

    [Fact]
    public async Task A_place_that_is_taken_is_said_before_anything_is_fetched()
    {
        Directory.CreateDirectory(Home["models/model.safetensors"]);
        var folder = await DownloadAsync("--to", Home["models"]);
        Directory.Delete(Home["models/model.safetensors"]);
        File.WriteAllText(Home["models/model.safetensors"], "mine");
        var file = await DownloadAsync("--to", Home["models"]);

        Assert.Equal((1, $"{Home["models/model.safetensors"]} cannot be written: it is a folder.\nGive another folder with --to.\n"), (folder.ExitCode, folder.Errors));
        Assert.Equal((1, $"{Home["models/model.safetensors"]} is there already.\nReplace it with --force, or give another folder with --to.\n"), (file.ExitCode, file.Errors));
        Assert.Equal((0, "mine"), (Api.Downloads.Count, File.ReadAllText(Home["models/model.safetensors"])));
    }

    [Fact]
    public async Task Files_that_there_are_not_are_named()
    {
        var unknown = await DownloadAsync("weights.bin");
        Assert.Equal((1, "Job lenet-3f2a has no file 'weights.bin'; it has metrics.jsonl, model.safetensors.\n"), (unknown.ExitCode, unknown.Errors));
        Api.Files.Clear();
        var none = await DownloadAsync();
        Assert.Equal((1, "Job lenet-3f2a has no files yet.\nSee: trainer get lenet-3f2a\n"), (none.ExitCode, none.Errors));
    }

    private Task<CommandRun> DownloadAsync(params string[] arguments) => RunAsync(["download", "lenet-3f2a", .. arguments]);
}
