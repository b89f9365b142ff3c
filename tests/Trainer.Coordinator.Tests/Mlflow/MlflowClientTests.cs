using System.Diagnostics;
using System.Text.Json.Nodes;
using Trainer.Coordinator.Mlflow;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Mlflow;

/// <summary>A coordinator whose job npm's mlflow client reads, and which logs it to a server that dies, comes back, and is spared a second run when the coordinator is started anew.</summary>
[Trait("Category", "Long")]
public sealed class MlflowClientTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Npms_client_reads_a_job_as_a_run()
    {
        await using var coordinator = await TestCoordinator.StartAsync(_folder.Path);
        await using var node = new FakeNode("a", coordinator.Cluster);
        node.Serve();
        var id = (await coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = SmallData.Spec(_folder.Path), Labels = { ["team"] = "vision" } })).Id;
        var job = await coordinator.AwaitAsync(id, known => known.State == JobState.Succeeded);
        Directory.CreateDirectory(Path.Combine(_folder.Path, "jobs", id));
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "jobs", id, "model.safetensors"), "weights");

        var seen = await RunAsync(coordinator.Http, id);

        Assert.Equal(("trainer", id, "FINISHED", "small"), ((string?)seen["experiment"], (string?)seen["run"]!["info"]!["run_id"], (string?)seen["run"]!["info"]!["status"], (string?)seen["run"]!["info"]!["run_name"]));
        Assert.Equal(job.EndTime.ToDateTimeOffset().ToUnixTimeMilliseconds(), (long)seen["run"]!["info"]!["end_time"]!);
        Assert.Contains("""{"key":"trainer.weights_sha256","value":"sum"}""", seen["run"]!["data"]!["tags"]!.ToJsonString());
        Assert.Equal([(1, 1.0), (2, 0.5)], seen["metrics"]!.AsArray().Select(metric => ((int)metric!["step"]!, (double)metric["value"]!)));
        Assert.Equal(($"[\"{id}\"]", 0), (seen["found"]!.ToJsonString(), (int)seen["none"]!));
        Assert.Equal($"{coordinator.Http}/v1/jobs/{id}/artifacts", (string?)seen["root_uri"]);
        Assert.Equal("""[{"path":"model.safetensors","is_dir":false,"file_size":7}]""", seen["files"]!.ToJsonString());
        Assert.Equal(["404 RESOURCE_DOES_NOT_EXIST", "400 INVALID_PARAMETER_VALUE", "404 ENDPOINT_NOT_FOUND", "401 UNAUTHENTICATED"], seen["codes"]!.AsArray().Select(code => (string?)code));
    }

    [Fact]
    public async Task A_job_is_logged_as_one_run_through_restarts_of_the_coordinator_and_of_the_server()
    {
        var server = await FakeMlflow.StartAsync();
        var (port, address, runs) = (server.Port, server.Address, server.Runs);
        var coordinator = await StartAsync(address);
        var id = (await coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = SmallData.Spec(_folder.Path) })).Id;
        await UntilAsync(() => server.Read(seen => seen.Runs.Any(run => run.Status == "SCHEDULED")));
        await server.DisposeAsync();
        await coordinator.DisposeAsync();

        coordinator = await StartAsync(address);
        var node = new FakeNode("a", coordinator.Cluster);
        node.Serve();
        await coordinator.AwaitAsync(id, job => job.State == JobState.Succeeded);
        server = await FakeMlflow.StartAsync(port: port, runs: runs);
        await coordinator.DisposeAsync();
        coordinator = await StartAsync(address);
        await UntilAsync(() => server.Read(_ => runs.Any(run => run.Status == "FINISHED")));
        await coordinator.DisposeAsync();
        await node.DisposeAsync();
        await server.DisposeAsync();

        var logged = Assert.Single(runs);
        Assert.Equal((id, "sum"), (logged.Tags["trainer.job"], logged.Tags["trainer.weights_sha256"]));
        Assert.Equal([1, 2], logged.Steps("train_loss"));
    }

    private Task<TestCoordinator> StartAsync(Uri address) =>
        TestCoordinator.StartAsync(_folder.Path, change: options => options with { Mlflow = new MlflowTarget(address, null, MlflowTarget.UsualExperiment) });

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var deadline = DateTime.UtcNow.AddMinutes(1); !holds(); await Task.Delay(20))
        {
            Assert.True(DateTime.UtcNow < deadline);
        }
    }

    private static async Task<JsonNode> RunAsync(string http, string id)
    {
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set ? set : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        var packages = Path.Combine(cache, "trainer", "integrations");
        Assert.SkipUnless(Directory.Exists(packages), $"mlflow is not in {packages}; ./test --all gets it.");
        using var node = Process.Start(new ProcessStartInfo("node", [Repository.File("tests/clients/mlflow.mjs"), http, TestCoordinator.Token, id, packages]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, errors) = (await node.StandardOutput.ReadToEndAsync(), await node.StandardError.ReadToEndAsync());
        await node.WaitForExitAsync();
        Assert.True(node.ExitCode == 0, errors + output);
        return JsonNode.Parse(output.TrimEnd('\n').Split('\n')[^1])!;
    }
}
