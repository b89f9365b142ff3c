using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests;

/// <summary>trainer download</summary>
public sealed class DownloadCommandTests : IAsyncLifetime
{
    private readonly TemporaryFolder _home = new();
    private readonly FakeApi _api = new();
    private FakeCluster _cluster = null!;

    public async ValueTask InitializeAsync()
    {
        _cluster = await FakeCluster.StartAsync(_api, _home.Path);
        _api.Jobs.Add(SampleJobs.Queued);
        _api.Files["metrics.jsonl"] = [5, 6];
        _api.Files["model.safetensors"] = [.. Enumerable.Range(0, 1009).Select(i => (byte)i)];
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _home.Dispose();
    }

    [Fact]
    public async Task All_files_come_with_their_sums()
    {
        var run = await RunAsync("--to", _home["models"]);
        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.StartsWith($"{_home["models/metrics.jsonl"]} (2 B, SHA-256 ", run.Output);
        Assert.All(_api.Files, file => Assert.Equal(file.Value, File.ReadAllBytes(_home[$"models/{file.Key}"])));
        var json = (await RunAsync("model.safetensors", "--to", _home["models"], "--force", "-o", "json")).JsonLines.Single();
        Assert.Equal(("model.safetensors", 1009), ((string)json["name"]!, (int)json["bytes"]!));
    }

    [Fact]
    public async Task A_download_that_breaks_goes_on_where_it_was_also_in_the_next_call()
    {
        Directory.CreateDirectory(_home["models"]);
        File.WriteAllBytes(_home["models/model.safetensors.lenet-3f2a.part"], _api.Files["model.safetensors"][..101]);
        _api.DownloadBreaks.Enqueue(307);
        var run = await RunAsync("model.safetensors", "--to", _home["models"]);

        Assert.Equal(0, run.ExitCode);
        Assert.Matches("^The connection is lost; trying again.*\nConnected again.\n$", run.Errors.ReplaceLineEndings("\n"));
        Assert.Equal([101ul, 408ul], _api.Downloads);
        Assert.Equal(_api.Files["model.safetensors"], File.ReadAllBytes(_home["models/model.safetensors"]));
        Assert.Equal([_home["models/model.safetensors"]], Directory.GetFiles(_home["models"]));
    }

    [Fact]
    public async Task What_came_wrong_is_deleted_and_said()
    {
        _api.DownloadSum = "abc";
        var run = await RunAsync("metrics.jsonl", "--to", _home["models"]);
        Assert.Equal(1, run.ExitCode);
        Assert.Matches("^metrics.jsonl of job lenet-3f2a came with SHA-256 [0-9a-f]{64}; the cluster says abc.\nWhat had come was deleted: try again.\n$", run.Errors);
        Assert.Empty(Directory.GetFiles(_home["models"]));
    }

    [Fact]
    public async Task A_place_that_is_taken_is_said_before_anything_is_fetched()
    {
        Directory.CreateDirectory(_home["models/model.safetensors"]);
        var folder = await RunAsync("--to", _home["models"]);
        Directory.Delete(_home["models/model.safetensors"]);
        File.WriteAllText(_home["models/model.safetensors"], "mine");
        var file = await RunAsync("--to", _home["models"]);

        Assert.Equal((1, $"{_home["models/model.safetensors"]} cannot be written: it is a folder.\nGive another folder with --to.\n"), (folder.ExitCode, folder.Errors));
        Assert.Equal((1, $"{_home["models/model.safetensors"]} is there already.\nReplace it with --force, or give another folder with --to.\n"), (file.ExitCode, file.Errors));
        Assert.Equal((0, "mine"), (_api.Downloads.Count, File.ReadAllText(_home["models/model.safetensors"])));
    }

    [Fact]
    public async Task Files_that_there_are_not_are_named()
    {
        var unknown = await RunAsync("weights.bin");
        Assert.Equal((1, "Job lenet-3f2a has no file 'weights.bin'; it has metrics.jsonl, model.safetensors.\n"), (unknown.ExitCode, unknown.Errors));
        _api.Files.Clear();
        var none = await RunAsync();
        Assert.Equal((1, "Job lenet-3f2a has no files yet.\nSee: trainer get lenet-3f2a\n"), (none.ExitCode, none.Errors));
    }

    private Task<CommandRun> RunAsync(params string[] arguments) => CommandRun.InAsync(_home.Path, ["download", "lenet-3f2a", .. arguments]);
}
