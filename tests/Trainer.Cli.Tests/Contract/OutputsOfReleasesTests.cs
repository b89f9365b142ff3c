using System.Text.Json.Nodes;
using Trainer.Cli.Tests.Fakes;
using Trainer.Protos;

namespace Trainer.Cli.Tests.Contract;

/// <summary>Whatever a script read from the JSON of a release since 0.2 (tests/contract), it reads today: names and values stay, and only more may come.</summary>
public sealed class OutputsOfReleasesTests
{
    public static TheoryData<string> Releases => [.. Directory.GetDirectories(Path.Combine(Repository.Root, "tests/contract"))
        .Where(folder => Directory.Exists(Path.Combine(folder, "outputs"))).Select(folder => Path.GetFileName(folder))];

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Jobs_and_workers_are_listed_as_then(string release)
    {
        var (jobs, workers) = (Parse(Read(release, "jobs.json")), Parse(Read(release, "workers.json")));
        using var home = new TemporaryFolder();
        var api = new FakeApi();
        api.Jobs.AddRange(Messages<Job>(jobs["jobs"]!));
        api.Workers.AddRange(Messages<Worker>(workers["workers"]!));
        await using var cluster = await FakeCluster.StartAsync(api, home.Path);

        var listed = (await CommandRun.InAsync(home.Path, "jobs", "--output", "json")).JsonLines.Single();
        var seen = (await CommandRun.InAsync(home.Path, "workers", "--output", "json")).JsonLines.Single();

        Assert.Equal([], Missing(jobs, listed, "jobs"));
        Assert.Equal([], Missing(workers, seen, "workers"));
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task A_job_its_events_and_its_log_are_shown_as_then(string release)
    {
        var then = Parse(Read(release, "get-succeeds.json"));
        var log = Read(release, "logs.jsonl").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse).ToList();
        var told = Read(release, "follow.jsonl").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse).ToList();
        var job = ProtoJson.Read<Job>(then.ToJsonString());
        using var home = new TemporaryFolder();
        var api = new FakeApi { Jobs = { job } };
        var running = job.Clone();
        (running.State, running.Message, running.Result) = (JobState.Running, (string)told.Last(line => (string?)line["event"] == "epoch")["message"]!, null);
        api.Watch = async (stream, _) =>
        {
            await stream.WriteAsync(running);
            await stream.WriteAsync(job);
        };
        api.Logs = async (_, stream) =>
        {
            foreach (var line in log)
            {
                await stream.WriteAsync(ProtoJson.Read<LogEntry>(line.ToJsonString()));
            }
        };
        await using var cluster = await FakeCluster.StartAsync(api, home.Path);

        var shown = (await CommandRun.InAsync(home.Path, "get", job.Id, "--output", "json")).JsonLines.Single();
        var events = (await CommandRun.InAsync(home.Path, "watch", job.Id, "--output", "json")).JsonLines;
        var lines = (await CommandRun.InAsync(home.Path, "logs", job.Id, "--output", "json")).JsonLines;

        Assert.Equal([], Missing(then, shown, "get"));
        Assert.Equal(log.Count, lines.Count);
        Assert.Equal([], log.Zip(lines).SelectMany(pair => Missing(pair.First, pair.Second, "log")));
        foreach (var kind in (string[])["epoch", "result"])
        {
            Assert.Equal([], Missing(told.Last(line => (string?)line["event"] == kind), events.Last(line => (string?)line["event"] == kind), kind));
        }
    }

    private static string Read(string release, string file) => File.ReadAllText(Path.Combine(Repository.Root, "tests/contract", release, "outputs", file));

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();

    private static IEnumerable<T> Messages<T>(JsonNode list)
        where T : Google.Protobuf.IMessage, new() => list.AsArray().Select(item => ProtoJson.Read<T>(item!.ToJsonString()));

    private static IEnumerable<string> Missing(JsonNode? then, JsonNode? now, string path) => (then, now) switch
    {
        (JsonObject before, JsonObject after) => before.SelectMany(field => Missing(field.Value, after[field.Key], $"{path}.{field.Key}")),
        (JsonArray before, JsonArray after) when before.Count == after.Count => before.SelectMany((item, i) => Missing(item, after[i], $"{path}[{i}]")),
        _ when JsonNode.DeepEquals(then, now) => [],
        _ => [$"{path}: was {then?.ToJsonString()}, is {now?.ToJsonString()}"],
    };
}
