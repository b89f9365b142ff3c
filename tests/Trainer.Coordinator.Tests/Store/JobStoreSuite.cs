using Google.Protobuf.WellKnownTypes;
using Trainer.Coordinator.Store;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Store;

/// <summary>What a store does, whichever database it is on.</summary>
public abstract partial class JobStoreSuite : IDisposable
{
    private readonly StoreAddress _address;
    private IJobStore _store;

    protected JobStoreSuite(StoreAddress address) => (_address, _store) = (address, address.Open());

    public virtual void Dispose()
    {
        _store.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Everything_of_a_job_is_there_after_a_restart()
    {
        var row = Full(Samples.Row() with { Creator = "ann" });
        await _store.InsertAsync(row);
        Reopen();

        var stored = await _store.FindAsync(row.Id);
        Assert.NotNull(stored);
        Assert.Equal(row.ToJob(), stored.ToJob());
        Assert.Equal(row.Assignment, stored.Assignment);
        Assert.Equal((row.Term, row.RequestId, row.RequestHash, row.Version), (stored.Term, stored.RequestId, stored.RequestHash, stored.Version));
    }

    [Fact]
    public async Task What_is_in_quarantine_is_there_after_a_restart_until_it_is_cleared()
    {
        var time = Timestamp.FromDateTimeOffset(Samples.Noon);
        var first = new Quarantine { Machine = "m", Device = "cpu", Worker = "a", Job = "j-1", Reason = "one", Time = time };
        var again = new Quarantine { Machine = "m", Device = "cpu", Worker = "b", Job = "j-2", Reason = "two", Time = time };
        var whole = new Quarantine { Machine = "n", Worker = "c", Job = "j-2", Reason = "three", Time = time };
        await _store.QuarantineAsync(first);
        await _store.QuarantineAsync(whole);
        await _store.QuarantineAsync(again);
        Reopen();
        Assert.Equal([again, whole], await _store.QuarantinesAsync());
        await _store.ClearAsync("m", "");
        await _store.ClearAsync("n", "");
        Assert.Equal([again], await _store.QuarantinesAsync());
    }

    [Fact]
    public async Task Tokens_are_there_after_a_restart_until_they_are_removed()
    {
        var time = Timestamp.FromDateTimeOffset(Samples.Noon);
        var admin = new StoredToken(new Token { Id = "a", User = "ann", Role = Role.Admin, CreateTime = time, CreatedBy = "root" }, "hash-a");
        var viewer = new StoredToken(new Token { Id = "b", User = "bob", Role = Role.Viewer, CreateTime = time, ExpireTime = time, CreatedBy = "ann" }, "hash-b");
        await _store.AddTokenAsync(viewer);
        await _store.AddTokenAsync(admin);
        Reopen();
        Assert.Equal([admin, viewer], await _store.TokensAsync());
        Assert.True(await _store.RemoveTokenAsync("a"));
        Assert.False(await _store.RemoveTokenAsync("a"));
        Assert.Equal([viewer], await _store.TokensAsync());
    }

    /// <summary>A session goes with its token, with its time, and where its user has begun many others.</summary>
    [Fact]
    public async Task Sessions_end_with_what_they_began_by()
    {
        StoredToken Session(string id, string parent, int begins, string user = "ann") => new(
            new Token
            {
                Id = id,
                User = user,
                Role = Role.Admin,
                CreateTime = Timestamp.FromDateTimeOffset(Samples.Noon.AddMinutes(begins)),
                ExpireTime = Timestamp.FromDateTimeOffset(Samples.Noon.AddMinutes(begins + 10)),
                Session = true,
                Parent = parent,
            },
            $"hash-{id}");
        var token = new StoredToken(new Token { Id = "t", User = "ann", Role = Role.Admin, CreateTime = Timestamp.FromDateTimeOffset(Samples.Noon) }, "hash-t");
        await _store.AddTokenAsync(token);
        var (other, own) = (Session("s9", "u", 1), Session("s8", "", 1));
        foreach (var session in new[] { other, own, Session("s1", "t", 2), Session("s2", "t", 3), Session("s4", "t", 4, user: "bob"), Session("s3", "t", 5) })
        {
            await _store.AddSessionAsync(session, most: 2);
        }

        Reopen();
        Assert.Equal(["t", "s8", "s9", "s2", "s4", "s3"], (await _store.TokensAsync()).Select(stored => stored.Token.Id));
        Assert.Contains(own, await _store.TokensAsync());
        await _store.AddSessionAsync(Session("s5", "v", 14), most: 2);
        Assert.Equal(["t", "s4", "s3", "s5"], (await _store.TokensAsync()).Select(stored => stored.Token.Id));
        Assert.True(await _store.RemoveTokenAsync("t"));
        Assert.Equal(["s5"], (await _store.TokensAsync()).Select(stored => stored.Token.Id));
    }

    /// <summary>Once, by one, and the last of each token and user alone.</summary>
    [Fact]
    public async Task A_code_is_taken_once()
    {
        SignInCode Code(string hash, string parent, string user, int expires) => new(hash, parent, user, Role.Operator, Samples.Noon.AddMinutes(expires));
        await _store.AddSignInCodeAsync(Code("a", "t", "ann", 5), Samples.Noon);
        await _store.AddSignInCodeAsync(Code("b", "", "ann", 5), Samples.Noon);
        await _store.AddSignInCodeAsync(Code("c", "t", "ann", 9), Samples.Noon.AddMinutes(1));
        Reopen();

        Assert.Null(await _store.TakeSignInCodeAsync("a"));
        var taken = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => _store.TakeSignInCodeAsync("c").AsTask()));
        Assert.Equal(Code("c", "t", "ann", 9), Assert.Single(taken.OfType<SignInCode>()));
        await _store.AddSignInCodeAsync(Code("d", "t", "bob", 20), Samples.Noon.AddMinutes(6));
        Assert.Null(await _store.TakeSignInCodeAsync("b"));
    }

    [Fact]
    public async Task A_curve_has_the_last_word_of_each_stretch_and_goes_with_its_job()
    {
        await _store.InsertAsync(Samples.Row());
        StepMetrics Step(ulong step, double loss) => new() { Step = step, Epoch = 1, Time = Timestamp.FromDateTimeOffset(Samples.Noon), Loss = loss };
        JobCurvePoint Point(string job, ulong stretch, bool high, StepMetrics step) => new(job, new CurvePoint { Stretch = stretch, High = high, Step = step });
        await _store.AppendCurvesAsync([Point("j-1", 0, false, Step(3, 0.5)), Point("j-1", 0, true, Step(2, 0.9)), Point("j-1", 1, false, Step(7, 0.4)), Point("j-1", 1, true, Step(7, 0.4)), Point("nobody", 0, true, Step(1, 1))]);
        await _store.AppendCurvesAsync([Point("j-1", 0, true, Step(1, double.NaN))]);
        Reopen();

        Assert.Equal([Step(1, double.NaN), Step(3, 0.5), Step(7, 0.4)], await _store.ReadCurveAsync("j-1"));
        Assert.Empty(await _store.ReadCurveAsync("nobody"));
    }

    [Fact]
    public async Task Coordinators_that_live_are_told_by_their_beats()
    {
        Assert.Empty(await _store.BeatsAsync());
        await _store.BeatAsync("a:1");
        await _store.BeatAsync("b:1");
        await _store.BeatAsync("a:1");
        Reopen();
        Assert.Equal([("a:1", 2L), ("b:1", 1L)], (await _store.BeatsAsync()).Select(beat => (beat.Key, beat.Value)).Order());
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
    }

    [Fact]
    public async Task Saving_appends_history_once()
    {
        var row = await _store.InsertAsync(Samples.Row());
        var full = Full(row) with { Version = 2 };
        Assert.True(await _store.SaveAsync(full));
        Assert.True(await _store.SaveAsync(full));
        Assert.Equal(full.ToJob(), (await _store.FindAsync(row.Id))!.ToJob());
    }

    [Fact]
    public async Task Lines_are_numbered_by_job_in_their_order_and_those_of_no_job_are_left_out()
    {
        await _store.InsertAsync(Samples.Row("j-1"));
        await _store.InsertAsync(Samples.Row("j-2"));
        await _store.AppendLogAsync([Line("j-2", "a"), Line("nobody", "b"), Line("j-1", "c"), Line("j-2", "d")]);
        await _store.AppendLogAsync([Line("j-2", "e")]);

        var log = await _store.ReadLogAsync("j-2", 0, 10);
        Assert.Equal([(1L, "worker-1", "a"), (2L, "worker-1", "d"), (3L, "worker-1", "e")], log.Select(entry => (entry.Sequence, entry.Source, entry.Message)));
        Assert.Equal(Samples.Noon, log[^1].Time.ToDateTimeOffset());
        Assert.Equal([2L, 3L], (await _store.ReadLogAsync("j-2", 1, 10)).Select(entry => entry.Sequence));
        Assert.Equal([1L], (await _store.ReadLogAsync("j-1", 0, 10)).Select(entry => entry.Sequence));
        Assert.Empty(await _store.ReadLogAsync("nobody", 0, 10));
    }

    [Fact]
    public async Task Of_a_job_the_newest_lines_are_kept()
    {
        await _store.InsertAsync(Samples.Row());
        for (var i = 0; i < LogTable.Kept + 1000; i += 1000)
        {
            await _store.AppendLogAsync([.. Enumerable.Range(i, 1000).Select(number => Line("j-1", $"{number}"))]);
        }

        var first = Assert.Single(await _store.ReadLogAsync("j-1", 0, 1));
        Assert.Equal((1001L, "1000"), (first.Sequence, first.Message));
        Assert.Equal(LogTable.Kept, (await _store.ReadLogAsync("j-1", 0, 2 * LogTable.Kept)).Count);
    }

    [Fact]
    public async Task Writers_of_one_log_that_meet_leave_no_gap()
    {
        await _store.InsertAsync(Samples.Row("j-1"));
        await _store.InsertAsync(Samples.Row("j-2"));
        await Task.WhenAll(Enumerable.Range(0, 6).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 5; i++)
            {
                await _store.AppendLogAsync(writer % 2 == 0 ? [Line("j-1", "x"), Line("j-2", "x")] : [Line("j-2", "x"), Line("j-1", "x")]);
            }
        })));
        Assert.Equal(Enumerable.Range(1, 30).Select(number => (long)number), (await _store.ReadLogAsync("j-1", 0, 100)).Select(entry => entry.Sequence));
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
        Assert.Equal([(JobState.Queued, 4), (JobState.Failed, 3)], (await _store.CountByStateAsync()).Select(pair => (pair.Key, pair.Value)).OrderBy(pair => pair.Key));
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
        await _store.AppendLogAsync([Line("j-2", "a line")]);
        await _store.DeleteAsync("j-1");
        await _store.DeleteAsync("j-2");
        await _store.DeleteAsync("j-3");
        Assert.Equal(["j-1"], (await _store.ListAsync(new JobQuery { Limit = 9 })).Select(row => row.Id));
        await _store.InsertAsync(Samples.Row("j-2"));
        Assert.Equal((0, 0, 0), await _store.FindAsync("j-2") is { } again ? (again.Transitions.Count, again.Epochs.Count, again.Journal.Count) : default);
        Assert.Empty(await _store.ReadLogAsync("j-2", 0, 10));
    }

    [Fact]
    public async Task Text_that_a_database_refuses_is_kept_as_far_as_it_can_be()
    {
        var row = await _store.InsertAsync(Samples.Row() with { Message = "a\0b" });
        await _store.AppendLogAsync([Line(row.Id, "\0 and \ud83d alone")]);
        Assert.Equal("a\ufffdb", row.Message);
        Assert.Equal("\ufffd and \ufffd alone", (await _store.ReadLogAsync(row.Id, 0, 10))[^1].Message);
    }

    [Fact]
    public async Task Writers_of_one_job_that_meet_leave_it_whole()
    {
        var row = await _store.InsertAsync(Samples.Row());
        await Task.WhenAll(Enumerable.Range(1, 8).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 5; i++)
            {
                Assert.True(await _store.SaveAsync(Full(row) with { Version = writer }));
                Assert.Equal(2, (await _store.FindAsync(row.Id))!.Transitions.Count);
            }
        })));
    }

    protected void Close() => _store.Dispose();

    protected void Reopen(params string[] receivers)
    {
        _store.Dispose();
        _store = _address.Open(receivers: receivers);
    }

    private static JobLogLine Line(string job, string message) => new(job, "worker-1", message, Samples.Noon);

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
