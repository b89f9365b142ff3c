using System.Text.Json.Nodes;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Contract;

/// <summary>The store of every release since 0.2 (tests/contract) is opened, and its ended jobs are shown as they were then.</summary>
public sealed class StoresOfReleasesTests
{
    public static TheoryData<string, string> EndedJobs => [.. Directory.GetFiles(Repository.File("tests/contract"), "get-*.json", SearchOption.AllDirectories)
        .Select(file => (Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(file))!), Path.GetFileName(file)))];

    [Theory]
    [MemberData(nameof(EndedJobs))]
    public async Task Ended_jobs_are_shown_as_they_were(string release, string file)
    {
        var folder = Repository.File($"tests/contract/{release}");
        using var copy = new TemporaryFolder();
        foreach (var part in Directory.GetFiles(Path.Combine(folder, "store")))
        {
            File.Copy(part, Path.Combine(copy.Path, Path.GetFileName(part)));
        }

        var then = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "outputs", file), TestContext.Current.CancellationToken))!.AsObject();
        using var store = new SqliteAddress(copy.Path).Open();

        var row = await store.FindAsync((string)then["id"]!);

        Assert.Empty(row!.UnknownFields);
        Assert.Equal([], Missing(then, ProtoJson.ToJson(row.ToJob()), ""));
    }

    /// <summary>What <paramref name="now"/> lacks of <paramref name="then"/>, or says otherwise.</summary>
    private static IEnumerable<string> Missing(JsonNode? then, JsonNode? now, string path) => (then, now) switch
    {
        (JsonObject before, JsonObject after) => before.SelectMany(field => Missing(field.Value, after[field.Key], $"{path}.{field.Key}")),
        (JsonArray before, JsonArray after) when before.Count == after.Count => before.SelectMany((item, i) => Missing(item, after[i], $"{path}[{i}]")),
        _ when JsonNode.DeepEquals(then, JsonNode.Parse(now?.ToJsonString() ?? "null")) => [],
        _ => [$"{path}: was {then?.ToJsonString()}, is {now?.ToJsonString()}"],
    };
}
