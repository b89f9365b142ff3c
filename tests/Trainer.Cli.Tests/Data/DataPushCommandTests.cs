using System.Security.Cryptography;
using System.Text.Json;
using Grpc.Core;
using SkiaSharp;
using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests.Data;

/// <summary>trainer data import, push, list and delete, on four pictures of one colour each.</summary>
public sealed class DataPushCommandTests : IAsyncLifetime
{
    private readonly TemporaryFolder _home = new();
    private readonly FakeApi _api = new();
    private FakeCluster _cluster = null!;

    public async ValueTask InitializeAsync()
    {
        _cluster = await FakeCluster.StartAsync(_api, _home.Path);
        foreach (var (name, width) in new[] { ("train/cat/1.png", 9), ("train/cat/2.png", 9), ("train/dog/1.png", 7), ("test/dog/1.png", 9) })
        {
            var path = _home[$"pictures/{name}"];
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var bitmap = new SKBitmap(width, 8);
            bitmap.Erase(new SKColor((byte)(width * 20), 50, 60));
            using var file = File.Create(path);
            bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _home.Dispose();
    }

    [Fact]
    public async Task A_folder_is_packed_into_a_file_that_is_then_read_as_the_folder()
    {
        var pack = _home["pictures.tar"];
        var run = await CommandRun.InAsync(_home.Path, "data", "import", _home["pictures"], "--to", pack, "-o", "json");

        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        var sum = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(pack)));
        Assert.Equal($$"""{"file":"{{pack}}","bytes":{{new FileInfo(pack).Length}},"sha256":"{{sum}}","train_samples":3,"test_samples":1,"classes":["cat","dog"]}""" + "\n", run.Output);
        var (folder, file) = (await CommandRun.InAsync(_home.Path, "data", "inspect", _home["pictures"], "-o", "json"), await CommandRun.InAsync(_home.Path, "data", "inspect", pack, "-o", "json"));
        Assert.Equal((0, folder.Output), (file.ExitCode, file.Output));

        var again = await CommandRun.InAsync(_home.Path, "data", "import", _home["pictures"], "--to", pack);
        Assert.Equal((1, $"{pack} is there already.\nReplace it with --force, or give another file with --to.\n"), (again.ExitCode, again.Errors));
    }

    [Fact]
    public async Task A_job_file_says_what_data_of_any_kind_is_to_be_packed()
    {
        File.WriteAllText(_home["table.csv"], "0,1,2,3,4\n1,5,6,7,8\n1,9,9,9,9\n");
        File.WriteAllText(_home["job.yaml"], "name: x\nmodel: {zoo: lenet}\ndata: {csv: {train: table.csv}, validation: {samples: 1}}\ntraining: {epochs: 1, batch_size: 1, optimizer: {sgd: {lr: 1}}}\n");

        var run = await CommandRun.InAsync(_home.Path, "data", "import", _home["job.yaml"], "--to", _home["table.tar"], "-o", "json");

        Assert.Equal((0, 3), (run.ExitCode, JsonDocument.Parse(run.Output).RootElement.GetProperty("train_samples").GetInt32()));
    }

    [Fact]
    public async Task A_push_goes_on_where_it_was_broken_off_and_its_pack_is_gone_afterwards()
    {
        _api.UploadsUntilLoss = 3;
        var run = await CommandRun.InAsync(_home.Path, "data", "push", _home["pictures"], "pets");

        var set = Assert.Single(_api.DataSets);
        Assert.Equal(
            ($"{set.Id} is in the cluster: 3 training and 1 test image, {set.Bytes / 1024.0:0.0} KiB. A job names it so:\ndata: {{pushed: {set.Id}}}\n", "", 0), (run.Output, run.Errors, run.ExitCode));
        Assert.Equal(set.Sha256, Convert.ToHexStringLower(SHA256.HashData(_api.Uploaded.ToArray())));
        Assert.Empty(Directory.EnumerateFiles(_home["downloads"]));

        await CommandRun.InAsync(_home.Path, "data", "import", _home["pictures"], "--to", _home["pets.tar"]);
        var pack = await CommandRun.InAsync(_home.Path, "data", "push", _home["pets.tar"], "pets", "-o", "json");
        Assert.Equal((0, set.Id), (pack.ExitCode, JsonDocument.Parse(pack.Output).RootElement.GetProperty("id").GetString())); // It is there: nothing is sent again.
        Assert.True(File.Exists(_home["pets.tar"]));
    }

    [Fact]
    public async Task Whoever_pushes_a_table_of_several_labels_is_told_how_a_job_names_it()
    {
        File.WriteAllText(_home["table.csv"], string.Concat(Directory.EnumerateFiles(_home["pictures"], "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select((file, i) => $"{file}{(i == 0 ? "" : i == 1 ? ",cat,big" : ",dog")}\n")));
        File.WriteAllText(_home["job.yaml"], "name: x\nmodel: {zoo: lenet}\ndata: {csv: {train: table.csv, labels: several}, validation: {samples: 1}}\ntraining: {epochs: 1, batch_size: 1, loss: {bce_with_logits: {}}, optimizer: {sgd: {lr: 1}}}\n");

        var run = await CommandRun.InAsync(_home.Path, "data", "push", _home["job.yaml"], "tags");

        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.EndsWith($"A job names it so:\ndata: {{pushed: {Assert.Single(_api.DataSets).Id}, labels: several}}\n", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("names '/pictures'; jobs may read no files here, only data sets by name. The operator allows folders with --data-root", true)]
    [InlineData("/pictures: is not there; expected a folder with a folder for each class", true)]
    [InlineData("/pictures: has no pictures in its classes' folders", false)]
    public async Task Whoever_submits_what_the_cluster_does_not_see_is_told_how_to_push_it(string problem, bool isUnseen)
    {
        _api.Create = _ => throw new Google.Rpc.Status
        {
            Code = (int)StatusCode.InvalidArgument,
            Message = "This job cannot run.",
            Details = { Google.Protobuf.WellKnownTypes.Any.Pack(new Google.Rpc.BadRequest { FieldViolations = { new Google.Rpc.BadRequest.Types.FieldViolation { Field = "data.image_folder.path", Description = problem } } }) },
        }.ToRpcException();
        File.WriteAllText(_home["job.yaml"], "name: my-pets\nmodel: {zoo: lenet}\ndata: {image_folder: {path: pictures}}\ntraining: {epochs: 1, batch_size: 1, optimizer: {sgd: {lr: 1}}}\n");

        var run = await CommandRun.InAsync(_home.Path, "submit", _home["job.yaml"]);

        var hint = $"The cluster does not see this machine's files. Push them: trainer data push {_home["pictures"]} my-pets\nThen say in the job file, in their place: data: {{pushed: my-pets}}\n";
        Assert.Equal(2, run.ExitCode);
        Assert.EndsWith($": data.image_folder.path: {problem}\n{(isUnseen ? hint : "")}", run.Errors, StringComparison.Ordinal);
        Directory.Delete(_home["pictures"], recursive: true);
        Assert.DoesNotContain("push", (await CommandRun.InAsync(_home.Path, "submit", _home["job.yaml"])).Errors, StringComparison.Ordinal); // It is nowhere.
    }

    [Fact]
    public async Task Data_sets_are_listed_and_deleted()
    {
        Assert.Equal("There are no data sets in the cluster. Push one with: trainer data push PATH NAME\n", (await CommandRun.InAsync(_home.Path, "data", "list")).Output);
        await CommandRun.InAsync(_home.Path, "data", "push", _home["pictures"], "pets");
        var id = _api.DataSets[0].Id;

        Assert.Matches($"^ID +STATE +TRAIN +TEST +SIZE +CLASSES +BY +SINCE *\n{id} +ready +3 +1 +[0-9.]+ KiB +2 +ada +[0-9 :-]+\n", (await CommandRun.InAsync(_home.Path, "data", "list")).Output);
        var asks = await CommandRun.InAsync(_home.Path, "data", "delete", id);
        Assert.Equal((2, $"The data set {id} is to be deleted. This cannot be undone.\nSay --yes to do it.\n"), (asks.ExitCode, asks.Errors));
        Assert.Equal($"The data set {id} is deleted.\n", (await CommandRun.InAsync(_home.Path, "data", "delete", id, "--yes")).Output);
        Assert.Empty(_api.DataSets);
    }
}
