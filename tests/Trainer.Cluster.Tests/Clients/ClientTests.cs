using System.Text.Json;
using System.Text.Json.Nodes;
using Trainer.Cluster.Tests.Deploy;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;
using Trainer.Hosting.Run;

namespace Trainer.Cluster.Tests.Clients;

/// <summary>Programs that are not ours take a job through its whole life: tests/clients.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class ClientTests
{
    private static string Cache { get; } = Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set ? set : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"), "trainer");

    private static string Descriptors { get; } = Path.Combine(AppContext.BaseDirectory, "trainer.binpb");

    [Fact]
    public Task Curl() => LiveAsync("curl", Programs.Need("bash"), "life.sh", byHttp: true, Descriptors);

    [Fact]
    public Task Python()
    {
        var python = Path.Combine(Cache, "grpc-python", "python3");
        Assert.SkipUnless(File.Exists(python), $"python3-grpcio is not in {python}; ./test --all gets it.");
        return LiveAsync("python", python, "life.py", byHttp: false, Descriptors);
    }

    [Fact]
    public Task Node()
    {
        var packages = Path.Combine(Cache, "grpc-js");
        Assert.SkipUnless(Directory.Exists(packages), $"@grpc/grpc-js is not in {packages}; ./test --all gets it.");
        return LiveAsync("node", Programs.Need("node"), "life.mjs", byHttp: false, Path.Combine(Repository.Root, "src", "Trainer.Protos"), packages);
    }

    private static async Task LiveAsync(string client, string program, string script, bool byHttp, string definitions, params string[] more)
    {
        await using var cluster = await LocalCluster.UpAsync(workers: 1, threads: 1);
        var run = RunFolder.TryOpen(Path.Combine(cluster.Home, "run"))!;
        var coordinator = run.Endpoints().Single(endpoint => endpoint.Grpc is not null);
        var body = Path.Combine(cluster.Home, "create.json");
        File.WriteAllText(body, await CreateAsync(cluster, client));
        var address = byHttp ? $"{coordinator.Http}/v1" : new Uri(coordinator.Grpc!).Authority;

        var output = await Programs.RunAsync(program, [Path.Combine(Repository.Root, "tests", "clients", script), address, run.Token, body, definitions, cluster.Home, .. more]);

        Assert.Matches("^[0-9a-f]{64}\n$", output);
        Assert.Empty(JsonDocument.Parse((await cluster.RunAsync("jobs", "--output", "json")).Output).RootElement.GetProperty("jobs").EnumerateArray());
    }

    // The job file in JSON, as the cluster itself shows it.
    private static async Task<string> CreateAsync(LocalCluster cluster, string client)
    {
        var checkedFile = await cluster.RunAsync("submit", new TinyJob().Write(cluster.Home), "--validate-only", "--output", "json");
        Assert.True(checkedFile.ExitCode == 0, $"submit: {checkedFile}");
        return new JsonObject
        {
            ["spec"] = JsonNode.Parse(checkedFile.Output)!["spec"]!.DeepClone(),
            ["request_id"] = Guid.NewGuid().ToString(),
            ["labels"] = new JsonObject { ["client"] = client },
        }.ToJsonString();
    }
}
