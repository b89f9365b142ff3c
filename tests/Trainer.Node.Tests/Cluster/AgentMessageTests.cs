using Akka.Actor;
using Akka.Event;
using Akka.TestKit.Xunit;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.Extensions.Logging.Abstractions;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Metrics;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Node.Cluster;
using Trainer.Node.Links;
using Trainer.Node.Worker;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Tests.Cluster;

/// <summary>A message to or from a worker that its agent, or the worker, does not handle fails here, not in silence.</summary>
public sealed class AgentMessageTests() : TestKit(
    """
    akka.loglevel = WARNING
    akka.actor.provider = cluster
    akka.remote.dot-netty.tcp { hostname = 127.0.0.1, port = 0 }
    """)
{
    private const string Name = "worker-0";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>All that name a worker: orders to it, questions, and what it says. The scheduler alone drains.</summary>
    public static TheoryData<string> Messages => [.. ClusterReflection.Descriptor.MessageTypes
        .Where(type => type.FindFieldByName("worker") is { FieldType: FieldType.String })
        .Select(type => type.Name).Except([Member.Descriptor.Name, Eviction.Descriptor.Name, AdoptJob.Descriptor.Name, DrainWorker.Descriptor.Name])];

    [Theory]
    [MemberData(nameof(Messages))]
    public async Task An_agent_and_its_worker_handle_every_message_that_names_a_worker(string name)
    {
        using var device = CpuDevice.Create(1);
        using var listener = new LinkListener([LinkEndpoint.Tcp("127.0.0.1", 0)], certificates: null, NullLogger.Instance);
        var options = new WorkerOptions(Name, "life-0", device, new NodeMetrics(Name).Workers[0], NullLogger.Instance) { Listener = listener, Routes = new LinkRoutes("here", certificates: null), Artifacts = new ArtifactStores(() => new S3Access().Connect()) };
        var worker = Sys.ActorOf(Props.Create(() => new WorkerActor(options)));
        var (jobs, scheduler) = ((IActorRef)CreateTestProbe("jobs"), (IActorRef)CreateTestProbe("scheduler"));
        var workers = new Dictionary<string, IActorRef> { [Name] = worker };
        var agent = Sys.ActorOf(Props.Create(() => new ClusterAgent(workers, jobs, scheduler)));
        var unhandled = CreateTestProbe("unhandled");
        Sys.EventStream.Subscribe(unhandled, typeof(UnhandledMessage));
        Sys.EventStream.Subscribe(unhandled, typeof(Error));

        agent.Tell(MessageOf(name));

        // Behind the message, to both.
        await agent.Ask<Served>(new DescribeServed { Worker = Name }, Patience);
        await unhandled.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [Fact]
    public void Orders_are_among_them() => Assert.Superset(
        new HashSet<string>(["Enlist", "Start", "Hold", "Fence", "Save", "Release", "Query", "DescribeServed", "WorkerReport", "WorkerStatus", "WorkerRefused"]),
        Messages.Select(row => row.Data).ToHashSet());

    private static IMessage MessageOf(string name)
    {
        var type = ClusterReflection.Descriptor.FindTypeByName<MessageDescriptor>(name);
        var message = type.Parser.ParseFrom(ByteString.Empty);
        type.FindFieldByName("worker").Accessor.SetValue(message, Name);
        return message;
    }
}
