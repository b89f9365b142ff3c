using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Event;
using Akka.TestKit;
using Akka.TestKit.Xunit;
using Google.Protobuf;
using Trainer.Coordinator.Jobs;
using Trainer.Coordinator.Store;
using Trainer.Coordinator.Tests.Store;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs;

public sealed class JobEntityTests : TestKit
{
    private const string Id = "j-1";

    private static readonly StateId Last = new() { Item = 3, Hash = 7, Step = 2, Samples = 512 };

    private readonly TemporaryFolder _folder = new();
    private readonly IJobStore _store;
    private readonly JobLog _log;
    private readonly TestProbe _region;
    private readonly TestProbe _scheduler;
    private readonly TestProbe _user;
    private readonly Dictionary<string, TestProbe> _agents = [];
    private IActorRef _entity;

    public JobEntityTests()
        : base("akka.loglevel = WARNING")
    {
        _store = new SqliteAddress(_folder.Path).Open();
        _log = new JobLog(_store.AppendLogAsync);
        (_region, _scheduler, _user) = (CreateTestProbe("region"), CreateTestProbe("scheduler"), CreateTestProbe("user"));
        _entity = NewEntity();
    }

    [Fact]
    public async Task Create_is_stored_answered_and_announced_and_a_repetition_gets_the_same()
    {
        var job = await CreateAsync();
        Assert.Equal((Id, JobState.Queued, "1"), (job.Id, job.State, job.Etag));
        Assert.Equal(JobState.Queued, (await _store.FindAsync(Id))!.State);
        Assert.Equal(Id, (await _scheduler.ExpectMsgAsync<JobWanted>()).Job);

        Assert.Equal(job, await CreateAsync());
        Tell(new JobEnvelope { Create = new CreateJob { Spec = Samples.Spec(), RequestId = "another" } });
        var refused = await _user.ExpectMsgAsync<JobRefused>();
        Assert.Equal((6, "Job j-1 was made by another request with this request_id. Each job needs a request_id of its own."), (refused.Status, refused.Message));
    }

    [Fact]
    public async Task Of_an_unknown_job_there_is_nothing_to_say()
    {
        Tell(new JobEnvelope { Get = new GetJob() });
        var refused = await _user.ExpectMsgAsync<JobRefused>();
        Assert.Equal((5, "There is no job j-1."), (refused.Status, refused.Message));
        await _region.ExpectMsgAsync<Passivate>();

        // What a worker holds of it is not ours to throw away.
        Report("a", new WorkerReport { Alive = new Alive(), Generation = new Generation { Term = 4, Number = 2 } });
        Tell(new JobEnvelope { Get = new GetJob() });
        await _user.ExpectMsgAsync<JobRefused>();
        await _agents["a"].ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [Fact]
    public async Task An_adopted_job_is_stored_above_the_term_that_its_workers_obey_and_asks_them()
    {
        var member = new Member { Worker = "a", Incarnation = "life-a", ActorPath = _user.Ref.Path.ToString(), Roots = { new ShardNode { Lo = 0, Hi = 16 } } };
        var served = new Served
        {
            Job = Id,
            Spec = Samples.Spec(),
            Authority = new Generation { Term = 4, Number = 9 },
            Generation = new Generation { Term = 3, Number = 7 },
            Assignment = new Assignment { Shards = 16, Members = { member } },
            From = new StateId { Item = 5, Step = 4, Samples = 1024, Hash = 77 },
        };
        Tell(new JobEnvelope { Adopt = new AdoptJob { Served = served, Worker = "a", Numerics = "canonical" } });

        Assert.Equal((4, 9ul), ((int)(await _user.ExpectMsgAsync<Query>()).Generation.Term - 1, served.Authority.Number));
        var job = (await _user.ExpectMsgAsync<JobUpdate>()).Job;
        Assert.Equal(
            (JobState.Recovering, "The store did not know this job. It was taken over from worker a, with all that its workers hold."), (job.State, job.Message));
        var row = (await _store.FindAsync(Id))!;
        Assert.Equal((5ul, "3.7", 5ul, "canonical"), (row.Term, row.Journal[0].Generation, row.Journal[0].FromStep, row.Numerics));
    }

    [Theory]
    [InlineData(StoreFault.Full, Grpc.Core.StatusCode.ResourceExhausted)]
    [InlineData(StoreFault.Locked, Grpc.Core.StatusCode.Unavailable)]
    public async Task Whoever_asks_hears_what_is_wrong_with_the_store(StoreFault fault, Grpc.Core.StatusCode status)
    {
        var failing = new FailingStore(() => new StoreException("The disk is full.") { Fault = fault });
        var settings = new JobSettings { Artifacts = _folder.Path };
        var entity = Sys.ActorOf(Props.Create(() => new JobEntity(Id, new JobServices(failing, _log, _scheduler.Ref, settings, TimeProvider.System, null))));

        foreach (var question in new[]
        {
            new JobEnvelope { Job = Id, Create = new CreateJob { Spec = Samples.Spec(), RequestId = "r" } },
            new JobEnvelope { Job = Id, Get = new GetJob() },
            new JobEnvelope { Job = Id, Cancel = new CancelJob() },
            new JobEnvelope { Job = Id, Subscribe = new Subscribe() },
            new JobEnvelope { Job = Id, Suspend = new SuspendJob() },
            new JobEnvelope { Job = Id, Resume = new ResumeJob() },
            new JobEnvelope { Job = Id, Change = new ChangeJob() },
            new JobEnvelope { Job = Id, Delete = new DeleteJob() },
            new JobEnvelope { Job = Id, Journal = new GetJournal() },
        })
        {
            entity.Tell(question, _user.Ref);
            var refused = await _user.ExpectMsgAsync<JobRefused>();
            Assert.Equal(((int)status, "The disk is full."), (refused.Status, refused.Message));
        }
    }

    [Fact]
    public async Task What_the_entity_before_acknowledged_just_before_its_term_was_taken_is_not_lost()
    {
        await _store.InsertAsync(Samples.Row() with { Term = 4 });
        var between = new StoreBeside(_store)
        {
            BeforeTerm = async () => Assert.True(await _store.SaveAsync((await _store.FindAsync(Id))! with { Notes = "acknowledged", Desired = Desired.Suspend })),
        };
        var settings = new JobSettings { Artifacts = _folder.Path };
        var entity = Sys.ActorOf(Props.Create(() => new JobEntity(Id, new JobServices(between, _log, _scheduler.Ref, settings, TimeProvider.System, null))));
        entity.Tell(new JobEnvelope { Job = Id, Get = new GetJob() }, _user.Ref);

        Assert.Equal("acknowledged", (await _user.ExpectMsgAsync<JobUpdate>()).Job.Notes);
        var row = (await _store.FindAsync(Id))!;
        Assert.Equal((5ul, Desired.Suspend, "acknowledged"), (row.Term, row.Desired, row.Notes));
    }

    [Fact]
    public async Task A_command_that_nobody_waits_for_any_more_is_not_carried_out()
    {
        await CreateAsync();
        Tell(new JobEnvelope { Cancel = new CancelJob(), DeadlineUnixMs = 1 });
        Tell(new JobEnvelope { Get = new GetJob(), DeadlineUnixMs = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() });
        var update = (JobUpdate)await _user.FishForMessageAsync(message => message is JobUpdate);
        Assert.Equal(JobState.Queued, update.Job.State);
    }

    [Fact]
    public async Task It_starts_runs_succeeds_and_goes()
    {
        await CreateAsync();
        Tell(new JobEnvelope { Subscribe = new Subscribe() });
        await StartAsync("a", "b");
        Report("a", new WorkerReport { Epoch = new EpochReport { Summary = Samples.Epoch(1) } });
        Report("b", new WorkerReport { Finished = new Finished { State = Last } });
        Report("a", new WorkerReport { Finished = new Finished { State = Last } });
        var save = (Save)await _agents["a"].FishForMessageAsync(message => message is Save);
        Assert.Equal((Save.Types.Kind.Result, "/artifacts/j-1"), (save.Kind, save.Folder));
        Report("a", new WorkerReport { Saved = new Saved { Id = save.Id, WeightsPath = "/w", WeightsSha256 = "s", State = Last } });

        var last = (JobUpdate)await _user.FishForMessageAsync(message => message is JobUpdate { Job.State: JobState.Succeeded });
        Assert.Equal([JobState.Queued, JobState.Starting, JobState.Running, JobState.Succeeded], last.Job.Transitions.Select(transition => transition.State));
        Assert.Equal("s", last.Job.Result.WeightsSha256);
        await _agents["a"].FishForMessageAsync(message => message is Release);
        await _agents["b"].FishForMessageAsync(message => message is Release);
        await _scheduler.FishForMessageAsync(message => message is JobSettled);
        await _region.ExpectMsgAsync<Passivate>();
        Assert.Equal(last.Job, (await _store.FindAsync(Id))!.ToJob());
    }

    [Fact]
    public async Task The_journal_tells_of_the_generation()
    {
        await CreateAsync();
        await StartAsync("a", "b");
        Tell(new JobEnvelope { Journal = new GetJournal() });
        var entry = Assert.Single(((JournalReply)await _user.FishForMessageAsync(message => message is JournalReply)).Entries);
        Assert.Equal(("1.1", 1ul, "Started"), (entry.Generation, entry.FromStep, entry.Reason));
        Assert.Equal([("a", 8u), ("b", 8u)], entry.Members.Select(member => (member.Worker, member.Shards)));
    }

    [Fact]
    public async Task Progress_reaches_subscribers_a_few_times_a_second()
    {
        await CreateAsync();
        await StartAsync("a");
        Tell(new JobEnvelope { Subscribe = new Subscribe() });
        await _user.FishForMessageAsync(message => message is JobUpdate { Job.State: JobState.Running });
        for (var step = 1ul; step <= 1000; step++)
        {
            Report("a", new WorkerReport { Step = new StepReport { Progress = new Progress { Step = step } } });
        }

        var updates = 0;
        await _user.FishForMessageAsync(message =>
        {
            updates++;
            return message is JobUpdate { Job.Progress.Step: 1000 };
        });
        Assert.InRange(updates, 1, 20);
    }

    [Fact]
    public async Task Another_entity_with_the_term_ends_this_one()
    {
        await CreateAsync();
        await WatchAsync(_entity);
        Assert.True(await _store.TakeTermAsync(Id, 1, 2));
        Tell(new JobEnvelope { Cancel = new CancelJob() });
        await ExpectTerminatedAsync(_entity);
        Assert.Equal(JobState.Queued, (await _store.FindAsync(Id))!.State);
        await _user.ExpectNoMsgAsync(TimeSpan.FromMilliseconds(50));
    }

    [Fact]
    public async Task An_entity_that_comes_back_takes_a_term_asks_and_adopts()
    {
        await CreateAsync();
        await StartAsync("a", "b");
        await AwaitConditionAsync(async () => (await _store.FindAsync(Id))!.State == JobState.Running);
        await WatchAsync(_entity);
        Sys.Stop(_entity);
        await ExpectTerminatedAsync(_entity);

        _entity = NewEntity();
        Tell(new JobEnvelope { Wake = new Wake() });
        Assert.Equal(2ul, ((Query)await _agents["a"].FishForMessageAsync(message => message is Query)).Generation.Term);
        await _agents["b"].FishForMessageAsync(message => message is Query);
        Report("a", new WorkerReport { Alive = new Alive { Phase = "training", IsLinked = true } });
        Report("b", new WorkerReport { Alive = new Alive { Phase = "training", IsLinked = true } });
        await AwaitConditionAsync(async () => (await _store.FindAsync(Id))!.Message.StartsWith("The coordinator came back", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Log_lines_are_stored()
    {
        await CreateAsync();
        Report("a", new WorkerReport { Log = new LogLine { Message = "reading" } });
        await AwaitConditionAsync(async () => (await _store.ReadLogAsync(Id, 0, 10)).Any(entry => entry is { Source: "a", Message: "reading" }));
    }

    public static TheoryData<string> Envelopes => [.. JobEnvelope.Descriptor.Oneofs.Single().Fields.Select(type => type.Name)];

    /// <summary>A message that is added to the envelope and handled by nobody fails here, not in silence.</summary>
    [Theory]
    [MemberData(nameof(Envelopes))]
    public async Task Every_message_to_a_job_is_handled(string name)
    {
        await CreateAsync();
        var unhandled = CreateTestProbe("unhandled");
        Sys.EventStream.Subscribe(unhandled, typeof(UnhandledMessage));
        var field = JobEnvelope.Descriptor.FindFieldByName(name);
        var envelope = new JobEnvelope();
        field.Accessor.SetValue(envelope, field.MessageType.Parser.ParseFrom(ByteString.Empty));
        if (envelope.Report is { } report)
        {
            report.Alive = new Alive();
        }

        Tell(envelope);

        Tell(new JobEnvelope { Subscribe = new Subscribe() });
        await _user.FishForMessageAsync(message => message is JobUpdate);
        await unhandled.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [Fact]
    public async Task An_envelope_without_a_message_is_told_as_unhandled()
    {
        await CreateAsync();
        var unhandled = CreateTestProbe("unhandled");
        Sys.EventStream.Subscribe(unhandled, typeof(UnhandledMessage));

        Tell(new JobEnvelope());

        Assert.IsType<JobEnvelope>((await unhandled.ExpectMsgAsync<UnhandledMessage>()).Message);
    }

    public override async ValueTask DisposeAsync()
    {
        // Actors use the store to their last message, and the kit's own end of the system comes after all clean-up.
        await Sys.Terminate();
        await base.DisposeAsync();
        await _log.DisposeAsync();
        _store.Dispose();
        _folder.Dispose();
    }

    private IActorRef NewEntity()
    {
        var services = new JobServices(_store, _log, _scheduler, new JobSettings { Artifacts = "/artifacts" }, TimeProvider.System, Metrics: null);
        return _region.ChildActorOf(Props.Create(() => new JobEntity(Id, services)));
    }

    private async Task<Job> CreateAsync()
    {
        Tell(new JobEnvelope { Create = new CreateJob { Spec = Samples.Spec(epochs: 1), RequestId = "r" } });
        return (await _user.ExpectMsgAsync<JobUpdate>()).Job;
    }

    // As a target, ready, and at work.
    private async Task StartAsync(params string[] workers)
    {
        Tell(new JobEnvelope { Target = new Target { Workers = { workers.Select(Status) } } });
        foreach (var worker in workers)
        {
            Assert.Equal(worker, (await _agents[worker].ExpectMsgAsync<Enlist>()).Worker);
            Report(worker, new WorkerReport { Standby = new Standby(), Generation = new Generation() });
        }

        foreach (var worker in workers)
        {
            Assert.Equal(worker, ((Start)await _agents[worker].FishForMessageAsync(message => message is Start)).Worker);
            Report(worker, new WorkerReport { Started = new Started() });
        }
    }

    private WorkerStatus Status(string worker) => new()
    {
        Worker = worker,
        Incarnation = worker + "-life",
        ActorPath = Agent(worker).Ref.Path.ToString(),
        Host = "h",
        Numerics = "v1",
        LinkEndpoints = { "unix:/" + worker },
    };

    private TestProbe Agent(string worker) => _agents.TryGetValue(worker, out var probe) ? probe : _agents[worker] = CreateTestProbe(worker);

    private void Report(string worker, WorkerReport report)
    {
        (report.Job, report.Worker, report.Incarnation) = (Id, worker, worker + "-life");
        report.Generation ??= new Generation { Term = 1, Number = 1 };
        _entity.Tell(new JobEnvelope { Job = Id, Report = report }, Agent(worker));
    }

    private void Tell(JobEnvelope envelope)
    {
        envelope.Job = Id;
        _entity.Tell(envelope, _user);
    }
}
