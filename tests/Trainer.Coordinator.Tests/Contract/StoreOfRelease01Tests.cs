using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Contract;

/// <summary>A store that release 0.1 wrote (tests/contract/0.1) goes on with this one.</summary>
public sealed class StoreOfRelease01Tests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public StoreOfRelease01Tests() => File.Copy(Repository.File("tests/contract/0.1/store/jobs.db"), Path.Combine(_folder.Path, "jobs.db"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task All_its_jobs_are_there()
    {
        using var store = new SqliteAddress(_folder.Path).Open();

        var rows = await store.ListAsync(new JobQuery { Limit = 100 });

        Assert.Equal(
            [("running", JobState.Running), ("cancelled", JobState.Cancelled), ("runs", JobState.Succeeded), ("fails", JobState.Failed),
                ("succeeds", JobState.Succeeded), ("waits", JobState.Queued)],
            rows.Select(row => (row.Spec.Name, row.State)));
        Assert.All(rows, row => Assert.Empty(row.UnknownFields));
        Assert.All(rows, row => Assert.Empty(JobRules.Validate(row.Spec)));
        var succeeded = rows[4];
        Assert.Equal(18446744073709551557UL, succeeded.Spec.Training.Seed);
        Assert.Equal("4ec0fcda2db3ab89965d604d9353ab2a60cdd4c58777799eccacd2df940fc351", succeeded.Result!.WeightsSha256);
        Assert.Equal([1.2995824217796326, 1.0661297855169878, 1.1460537800322408], succeeded.Epochs.Select(epoch => epoch.Loss));
        Assert.Equal([JobState.Queued, JobState.Starting, JobState.Running, JobState.Succeeded], succeeded.Transitions.Select(transition => transition.State));
        Assert.Equal(["worker-0"], succeeded.ToJob().Workers);
        Assert.Equal((2UL, 90UL), (rows[0].Progress!.Step, rows[0].Progress!.TotalSteps));
        await store.AppendLogAsync([new JobLogLine(succeeded.Id, "worker-0", "one more", Samples.Noon)]);
        Assert.Equal([1L, 2L, 3L, 4L, 5L, 6L], (await store.ReadLogAsync(succeeded.Id, 0, 100)).Select(entry => entry.Sequence));
    }

    /// <summary>The spec of a job is that of its job file, with defaults.</summary>
    [Theory]
    [InlineData("succeeds")]
    [InlineData("fails")]
    [InlineData("waits")]
    [InlineData("cancelled")]
    public async Task Specs_lose_nothing(string name)
    {
        using var store = new SqliteAddress(_folder.Path).Open();
        // Fields that later releases added have their defaults.
        var stored = JobRules.WithDefaults((await store.ListAsync(new JobQuery { Limit = 100 })).Single(row => row.Spec.Name == name).Spec);
        var file = Repository.File($"tests/contract/0.1/{name}.yaml");
        var text = File.ReadAllText(file).Replace("name: runs", "name: cancelled", StringComparison.Ordinal);

        var spec = JobRules.WithDefaults(JobFile.Parse(text, "/data/contract/job.yaml"));

        // What the coordinator filled in from data and workers.
        (spec.Training.Shards, spec.Cluster.MaxWorkers) = (stored.Training.Shards, stored.Cluster.MaxWorkers);
        if (stored.Training.HasBatchNormShards)
        {
            spec.Training.BatchNormShards = stored.Training.BatchNormShards;
        }

        if (spec.Model.Zoo.Length > 0)
        {
            spec.Model.Classes = 3;
        }

        Assert.Equal(ProtoJson.Line(ProtoJson.Compact(spec)), ProtoJson.Line(ProtoJson.Compact(stored)));
    }

    [Fact]
    public void Its_messages_are_rewritten_once()
    {
        new SqliteAddress(_folder.Path).Open().Dispose();
        using var connection = new SqliteConnection($"Data Source={_folder.Path}/jobs.db;Pooling=False");

        var texts = connection.Query<string>(
            "SELECT spec FROM jobs UNION ALL SELECT assignment FROM jobs WHERE assignment IS NOT NULL UNION ALL SELECT progress FROM jobs WHERE progress IS NOT NULL " +
            "UNION ALL SELECT result FROM jobs WHERE result IS NOT NULL UNION ALL SELECT transition FROM transitions UNION ALL SELECT summary FROM epochs").AsList();

        Assert.True(texts.Count > 40);
        Assert.All(texts.SelectMany(text => Names(JsonDocument.Parse(text).RootElement)), name => Assert.DoesNotContain(name, char.IsAsciiLetterUpper));
        Assert.Contains(texts, text => text.Contains("\"seed\":18446744073709551557", StringComparison.Ordinal));
        Assert.Contains(texts, text => text.Contains("\"state\":\"SUCCEEDED\"", StringComparison.Ordinal));
        Assert.Equal(11, connection.ExecuteScalar<int>("PRAGMA user_version"));
    }

    private static IEnumerable<string> Names(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().SelectMany(property => Names(property.Value).Prepend(property.Name)),
        JsonValueKind.Array => json.EnumerateArray().SelectMany(Names),
        _ => [],
    };
}
