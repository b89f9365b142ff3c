using Dapper;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Data.Sqlite;
using Trainer.Coordinator.Store;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Store;

public sealed class SqliteJobStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private SqliteJobStore _store;

    public SqliteJobStoreTests() => _store = SqliteJobStore.Open(_folder.Path);

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Everything_of_a_job_is_there_after_a_restart()
    {
        var row = Full(Samples.Row() with { Creator = "ann" });
        await _store.InsertAsync(row);
        _store.Dispose();
        _store = SqliteJobStore.Open(_folder.Path);

        var stored = await _store.FindAsync(row.Id);
        Assert.NotNull(stored);
        Assert.Equal(row.ToJob(), stored.ToJob());
        Assert.Equal(row.Assignment, stored.Assignment);
        Assert.Equal((row.Term, row.RequestId, row.RequestHash, row.Version), (stored.Term, stored.RequestId, stored.RequestHash, stored.Version));
    }

    [Fact]
    public async Task What_is_in_quarantine_is_there_after_a_restart_until_it_is_cleared()
    {
        var time = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(Samples.Noon);
        var first = new Quarantine { Machine = "m", Device = "cpu", Worker = "a", Job = "j-1", Reason = "one", Time = time };
        var again = new Quarantine { Machine = "m", Device = "cpu", Worker = "b", Job = "j-2", Reason = "two", Time = time };
        var whole = new Quarantine { Machine = "n", Worker = "c", Job = "j-2", Reason = "three", Time = time };
        await _store.QuarantineAsync(first);
        await _store.QuarantineAsync(whole);
        await _store.QuarantineAsync(again);
        _store.Dispose();
        using var reopened = SqliteJobStore.Open(_folder.Path);
        Assert.Equal([again, whole], await reopened.QuarantinesAsync());
        await reopened.ClearAsync("m", "");
        await reopened.ClearAsync("n", "");
        Assert.Equal([again], await reopened.QuarantinesAsync());
    }

    [Fact]
    public async Task Once_closed_it_makes_no_new_file()
    {
        _store.Dispose();
        File.Delete(Path.Combine(_folder.Path, "jobs.db"));

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await _store.ActiveIdsAsync());
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task The_second_of_an_id_gets_the_first()
    {
        await _store.InsertAsync(Samples.Row() with { Message = "first" });
        var stored = await _store.InsertAsync(Samples.Row() with { Message = "second", RequestId = "other" });
        Assert.Equal(("first", "request-j-1"), (stored.Message, stored.RequestId));
    }

    [Fact]
    public async Task Entries_of_the_journal_that_change_are_written_however_far_back_they_are()
    {
        var row = await _store.InsertAsync(Samples.Row());
        JournalEntry Entry(ulong from, ulong steps) => new() { Generation = $"1.{from}", FromItem = from, Items = steps };
        await _store.SaveAsync(row with { Journal = [Entry(1, 84), Entry(85, 0), Entry(85, 9)] });
        JournalEntry[] lost = [Entry(1, 0), Entry(85, 0), Entry(85, 0), Entry(1, 3)];
        await _store.SaveAsync(row with { Journal = [.. lost] });
        Assert.Equal(lost, (await _store.FindAsync(row.Id))!.Journal);
    }

    [Fact]
    public async Task A_term_is_taken_once()
    {
        await _store.InsertAsync(Samples.Row());
        Assert.True(await _store.TakeTermAsync("j-1", 1, 2));
        Assert.False(await _store.TakeTermAsync("j-1", 1, 2));
        Assert.Equal(2ul, (await _store.FindAsync("j-1"))!.Term);
        Assert.False(await _store.TakeTermAsync("nobody", 1, 2));
    }

    [Fact]
    public async Task Who_has_lost_the_term_writes_nothing()
    {
        var row = await _store.InsertAsync(Samples.Row());
        await _store.TakeTermAsync(row.Id, 1, 2);
        Assert.False(await _store.SaveAsync(Full(row) with { State = JobState.Failed, Version = 9 }));
        Assert.Equal(row.ToJob(), (await _store.FindAsync(row.Id))!.ToJob());
        Assert.Empty(await _store.ReadLogAsync(row.Id, 0, 10));
    }

    [Fact]
    public async Task Saving_appends_history_and_logs_transitions_once()
    {
        var row = await _store.InsertAsync(Samples.Row());
        var full = Full(row) with { Version = 2 };
        Assert.True(await _store.SaveAsync(full));
        Assert.True(await _store.SaveAsync(full));
        await _store.AppendLogAsync(row.Id, "worker-1", "hello", Samples.Noon.AddSeconds(1));

        Assert.Equal(full.ToJob(), (await _store.FindAsync(row.Id))!.ToJob());
        var log = await _store.ReadLogAsync(row.Id, 0, 10);
        Assert.Equal([(1L, "job", "QUEUED (Submitted): Waiting."), (2L, "job", "STARTING (WorkersGranted): Two workers."), (3L, "worker-1", "hello")],
            log.Select(entry => (entry.Sequence, entry.Source, entry.Message)));
        Assert.Equal(Samples.Noon.AddSeconds(1), log[^1].Time.ToDateTimeOffset());
        Assert.Equal([3L], (await _store.ReadLogAsync(row.Id, 2, 10)).Select(entry => entry.Sequence));
    }

    [Fact]
    public async Task Lists_newest_first_by_page_and_state()
    {
        for (var i = 0; i < 7; i++)
        {
            // Pairs share a time: the id decides.
            await _store.InsertAsync(Samples.Row($"j-{i}", i % 3 == 0 ? JobState.Failed : JobState.Queued, Samples.Noon.AddSeconds(i / 2)));
        }

        var first = await _store.ListAsync(new JobQuery { Limit = 3 });
        Assert.Equal(["j-6", "j-5", "j-4"], first.Select(row => row.Id));
        var second = await _store.ListAsync(new JobQuery { After = new JobCursor(first[^1].Created.ToUnixTimeMilliseconds(), first[^1].Id), Limit = 9 });
        Assert.Equal(["j-3", "j-2", "j-1", "j-0"], second.Select(row => row.Id));
        var states = new JobQuery { States = [JobState.Failed, JobState.Running], After = new JobCursor(Samples.Noon.AddSeconds(3).ToUnixTimeMilliseconds(), "j-6"), Limit = 9 };
        var failed = await _store.ListAsync(states);
        Assert.Equal(["j-3", "j-0"], failed.Select(row => row.Id));

        Assert.Equal(["j-1", "j-2", "j-4", "j-5"], await _store.ActiveIdsAsync());
        Assert.Equal([(JobState.Queued, 4), (JobState.Failed, 3)], _store.CountByState().Select(pair => (pair.Key, pair.Value)).OrderBy(pair => pair.Key));
    }

    [Fact]
    public async Task Lists_by_every_condition_and_order_what_the_same_filter_says_of_each_job()
    {
        string[] names = ["vgg", "lenet", "alexnet", "lenet", "resnet"];
        foreach (var (i, name) in names.Index())
        {
            var row = Samples.Row($"j-{i}", i % 2 == 0 ? JobState.Failed : JobState.Queued, Samples.Noon.AddSeconds(i)) with { Spec = Samples.Spec(name), Creator = i < 2 ? "ann" : "" };
            await _store.InsertAsync(row with { Labels = row.Labels.Add("team", i < 3 ? "vision" : "Vision").Add("a.b/c-d", $"{i}") });
        }

        var all = await _store.ListAsync(new JobQuery { Limit = 9 });
        foreach (var filter in new[]
        {
            "state = FAILED", "state != FAILED", "name = lenet", "name != lenet", "creator = ann", "creator != ann", "labels.team = vision", "labels.team != vision",
            "labels.a.b/c-d = 3", "labels.none != x", "create_time < 2026-03-01T12:00:02.125Z", "create_time >= 2026-03-01T12:00:02.125Z AND name = lenet",
        })
        {
            var conditions = Coordinator.Api.JobFilterText.Read(filter);
            var listed = await _store.ListAsync(new JobQuery { Filter = conditions, Limit = 9 });
            Assert.Equal(all.Where(row => conditions.Holds(row.ToJob())).Select(row => row.Id), listed.Select(row => row.Id));
            Assert.InRange(listed.Count, 1, 5);
        }

        Assert.Equal("2 1 3 4 0", await OrderAsync(JobOrderField.Name, descending: false));
        Assert.Equal("0 4 3 1 2", await OrderAsync(JobOrderField.Name, descending: true));
        Assert.Equal("1 3 0 2 4", await OrderAsync(JobOrderField.State, descending: false));
        Assert.Equal("0 1 2 3 4", await OrderAsync(JobOrderField.CreateTime, descending: false));

        // By pages of two.
        async Task<string> OrderAsync(JobOrderField field, bool descending)
        {
            var (order, ids, after) = (new JobOrder(field, descending), new List<string>(), (JobCursor?)null);
            while (await _store.ListAsync(new JobQuery { Order = order, After = after, Limit = 2 }) is { Count: > 0 } page)
            {
                ids.AddRange(page.Select(row => row.Id[2..]));
                after = new JobCursor(order.Of(page[^1]), page[^1].Id);
            }

            return string.Join(' ', ids);
        }
    }

    [Fact]
    public async Task Only_what_has_ended_is_deleted_with_all_that_is_its()
    {
        await _store.InsertAsync(Full(Samples.Row("j-1")));
        await _store.InsertAsync(Full(Samples.Row("j-2")) with { State = JobState.Failed });
        await _store.AppendLogAsync("j-2", "job", "a line", Samples.Noon);
        await _store.DeleteAsync("j-1");
        await _store.DeleteAsync("j-2");
        await _store.DeleteAsync("j-3");
        Assert.Equal(["j-1"], (await _store.ListAsync(new JobQuery { Limit = 9 })).Select(row => row.Id));
        using var connection = new SqliteConnection($"Data Source={_folder.Path}/jobs.db;Pooling=False");
        foreach (var table in new[] { "transitions", "epochs", "log", "segments" })
        {
            Assert.Equal(0, connection.ExecuteScalar<int>($"SELECT COUNT(*) FROM {table} WHERE job = 'j-2'"));
        }
    }

    [Fact]
    public void A_folder_has_one_coordinator()
    {
        var error = Assert.Throws<StoreException>(() => SqliteJobStore.Open(_folder.Path));
        Assert.StartsWith($"Store folder '{_folder.Path}' is held by process {Environment.ProcessId} (", error.Message);
        Assert.EndsWith("): stop that one, or give this one a folder of its own.", error.Message);
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_named()
    {
        var file = Path.Combine(_folder.Path, "file");
        File.WriteAllText(file, "");
        var error = Assert.Throws<StoreException>(() => SqliteJobStore.Open(Path.Combine(file, "store")));
        Assert.StartsWith($"Store folder '{file}/store' cannot be used: {file} is a file; expected a folder.", error.Message);
    }

    [Fact]
    public void A_database_of_a_later_version_is_left_alone()
    {
        _store.Dispose();
        using (var connection = new SqliteConnection($"Data Source={_folder.Path}/jobs.db;Pooling=False"))
        {
            connection.Execute("PRAGMA user_version = 99");
        }

        var error = Assert.Throws<StoreException>(() => SqliteJobStore.Open(_folder.Path));
        Assert.Equal($"{_folder.Path}/jobs.db has schema version 99, this program knows 6: it was written by a later version.", error.Message);
    }

    [Fact]
    public void A_file_that_is_no_database_is_named()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "jobs.db"), "This is no database, but long enough to be mistaken for one by its size alone.");
        var error = Assert.Throws<StoreException>(() => SqliteJobStore.Open(folder.Path));
        Assert.StartsWith($"{folder.Path}/jobs.db cannot be used: ", error.Message);
    }

    private static JobRow Full(JobRow row) => row with
    {
        State = JobState.Running,
        Message = "Training.",
        Generation = new Generation { Term = 3, Number = 4 },
        Assignment = new Assignment
        {
            Shards = 16,
            Members = { new Member { Worker = "worker-0", Incarnation = "a", Roots = { new ShardNode { Lo = 0, Hi = 8 } }, ActorPath = "akka.tcp://x" } },
        },
        Numerics = "v1",
        Labels = row.Labels.Add("team", "vision \"ü\""),
        Notes = "two\nlines",
        PrioritySince = -7,
        Started = Samples.Noon.AddSeconds(3),
        Ended = Samples.Noon.AddSeconds(9),
        Progress = new Progress { Step = 5, Loss = double.NaN },
        Result = new Result { WeightsPath = "/a", WeightsSha256 = "ff", Loss = 0.1 },
        Epochs = [Samples.Epoch(1), Samples.Epoch(2)],
        Transitions =
        [
            new Transition { Time = Samples.Noon.ToTimestamp(), State = JobState.Queued, Reason = "Submitted", Message = "Waiting." },
            new Transition { Time = Samples.Noon.AddSeconds(3).ToTimestamp(), State = JobState.Starting, Reason = "WorkersGranted", Message = "Two workers." },
        ],
    };
}
