using Akka.Actor;
using Akka.Event;
using Akka.TestKit.Xunit;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Trainer.Coordinator.Api;
using Trainer.Coordinator.Scheduling;
using Trainer.Coordinator.Store;
using Trainer.Coordinator.Tests.Jobs.Phases;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests;

/// <summary>
/// A message of the cluster's protocol that nobody handles fails a test, not in silence: whatever is added there has to say here, or in a worker's tests, for whom it is.
/// What is within a job's envelope: JobEntityTests. What is for workers: AgentMessageTests.
/// </summary>
public sealed class MessageTests : TestKit
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The agents take them, as AgentMessageTests shows.</summary>
    private static readonly string[] ToAgents = ["Enlist", "Start", "Hold", "Fence", "Save", "Release", "Query", "DescribeServed", "WorkerReport", "WorkerRefused"];

    /// <summary>Whoever asked takes them, with the type that he asked for; watchers, the first three.</summary>
    private static readonly string[] Answers = ["JobUpdate", "JobRefused", "JobDeleted", "JournalReply", "ListWorkersReply", "DrainReply", "ClearReply", "WaitingJobs"];

    /// <summary>They lie in jobs' rows.</summary>
    private static readonly string[] Stored = ["Eviction"];

    private readonly TemporaryFolder _folder = new();
    private readonly IJobStore _store;

    public MessageTests()
        : base("akka.loglevel = WARNING") => _store = new SqliteAddress(_folder.Path).Open();

    public static TheoryData<string> ToTheScheduler => [.. TopLevel().Except([.. ToAgents, .. Answers, .. Stored, JobEnvelope.Descriptor.Name])];

    public static TheoryData<string> Reports => [.. WorkerReport.Descriptor.Oneofs.Single().Fields.Select(report => report.Name)];

    [Theory]
    [MemberData(nameof(ToTheScheduler))]
    public async Task The_scheduler_handles_what_is_for_nobody_else(string name)
    {
        var services = new SchedulerServices(_store, CreateTestProbe("jobs"), new SchedulerSettings(), TimeProvider.System, new WorkerCensus());
        var scheduler = Sys.ActorOf(Props.Create(() => new Scheduler(services)));

        await MustHandleAsync(scheduler, SampleOf(name));
    }

    [Theory]
    [InlineData("JobUpdate")]
    [InlineData("JobDeleted")]
    public async Task Whoever_shows_all_jobs_handles_what_is_published_of_them(string name) =>
        await MustHandleAsync(Sys.ActorOf(Props.Create(() => new JobFeed(new JobViewers()))), SampleOf(name));

    /// <summary>In each phase in which a job has workers.</summary>
    [Theory]
    [MemberData(nameof(Reports))]
    public void A_job_handles_every_report_of_a_worker(string name)
    {
        var field = WorkerReport.Descriptor.FindFieldByName(name);
        foreach (var rig in (JobRig[])[new JobRig().Target("a"), new JobRig().Target("a").Standby("a"), new JobRig().Train("a", "b"), new JobRig().Train("a", "b").Disconnect("b")])
        {
            var report = new WorkerReport();
            field.Accessor.SetValue(report, SampleOf(field.MessageType));
            rig.Report("a", report);
        }
    }

    [Fact]
    public void Every_message_is_for_somebody_and_nobody_is_named_for_what_is_no_more()
    {
        Assert.Equal([.. TopLevel().Order()], [.. ToTheScheduler.Select(row => row.Data).Concat([.. ToAgents, .. Answers, .. Stored, JobEnvelope.Descriptor.Name]).Order()]);
        Assert.NotEmpty(ToTheScheduler);
    }

    public override async ValueTask DisposeAsync()
    {
        await Sys.Terminate();
        await base.DisposeAsync();
        _store.Dispose();
        _folder.Dispose();
    }

    /// <summary>Messages that are no parts of others.</summary>
    private static IEnumerable<string> TopLevel()
    {
        var parts = ClusterReflection.Descriptor.MessageTypes.SelectMany(type => type.Fields.InDeclarationOrder())
            .Where(field => field.FieldType == FieldType.Message).Select(field => field.MessageType).ToHashSet();
        return ClusterReflection.Descriptor.MessageTypes.Where(type => !parts.Contains(type) || type == WorkerReport.Descriptor || type == WorkerStatus.Descriptor).Select(type => type.Name);
    }

    private static IMessage SampleOf(string name) => SampleOf(ClusterReflection.Descriptor.FindTypeByName<MessageDescriptor>(name));

    /// <summary>With the messages that it is made of, as its sender would have filled them in.</summary>
    private static IMessage SampleOf(MessageDescriptor type)
    {
        var sample = type.Parser.ParseFrom(ByteString.Empty);
        foreach (var field in type.Fields.InDeclarationOrder().Where(field => field is { FieldType: FieldType.Message, IsRepeated: false, IsMap: false }))
        {
            field.Accessor.SetValue(sample, SampleOf(field.MessageType));
        }

        return sample;
    }

    private async Task MustHandleAsync(IActorRef actor, IMessage message)
    {
        var unhandled = CreateTestProbe("unhandled");
        Sys.EventStream.Subscribe(unhandled, typeof(UnhandledMessage));

        actor.Tell(message, CreateTestProbe("sender"));

        await actor.Ask<ActorIdentity>(new Identify(null), Patience);
        await unhandled.ExpectNoMsgAsync(TimeSpan.Zero);
    }
}
