using System.Runtime.Serialization;
using Akka.Actor;
using Google.Protobuf.Reflection;
using Trainer.Hosting.Cluster;
using Trainer.Protos.Cluster;

namespace Trainer.Hosting.Tests.Cluster;

public sealed class ProtobufSerializerTests(ProtobufSerializerTests.OneSystem fixture) : IClassFixture<ProtobufSerializerTests.OneSystem>
{
    private readonly ActorSystem _system = fixture.System;

    public static TheoryData<string> AllMessages => [.. ClusterReflection.Descriptor.MessageTypes.Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(AllMessages))]
    public void Every_message_survives_the_wire(string name)
    {
        var type = ClusterReflection.Descriptor.FindTypeByName<MessageDescriptor>(name);
        foreach (var message in SampleMessages.Of(type))
        {
            var serializer = Assert.IsType<ProtobufSerializer>(_system.Serialization.FindSerializerFor(message));
            var bytes = serializer.ToBinary(message);
            var back = _system.Serialization.Deserialize(bytes, serializer.Identifier, serializer.Manifest(message));
            Assert.Equal(message, back);
            Assert.NotSame(message, back);
        }
    }

    [Fact]
    public void Samples_cover_every_report_of_a_worker()
    {
        var type = WorkerReport.Descriptor;
        var cases = SampleMessages.Of(type).Cast<WorkerReport>().Select(report => report.ReportCase).ToHashSet();
        Assert.Equal(type.Oneofs[0].Fields.Count, cases.Count);
    }

    [Fact]
    public void Nothing_else_is_serialised()
    {
        Assert.Throws<SerializationException>(() => _system.Serialization.FindSerializerFor(new Dictionary<string, int>()));
        Assert.Throws<SerializationException>(() => _system.Serialization.FindSerializerFor(("a", 1)));
    }

    [Fact]
    public void Json_is_not_read()
    {
        var error = Assert.Throws<SerializationException>(() => _system.Serialization.Deserialize("{}"u8.ToArray(), 1, typeof(Dictionary<string, int>).AssemblyQualifiedName!));
        Assert.Equal("Messages in JSON are not accepted.", error.Message);
    }

    [Fact]
    public void An_unknown_manifest_is_named()
    {
        var error = Assert.Throws<SerializationException>(() => _system.Serialization.Deserialize([], 7201, "trainer.v1.JobSpec"));
        Assert.Equal("Message 'trainer.v1.JobSpec' is unknown; expected one of package trainer.cluster.v1.", error.Message);
    }

    [Fact]
    public void Broken_bytes_are_an_error()
    {
        var error = Assert.Throws<SerializationException>(() => _system.Serialization.Deserialize([0x0A, 0x7F, 1], 7201, "trainer.cluster.v1.Target"));
        Assert.StartsWith("Message 'trainer.cluster.v1.Target' of 3 bytes cannot be read: ", error.Message);
    }

    public sealed class OneSystem : IAsyncDisposable
    {
        public ActorSystem System { get; } = ClusterSystem.Create(TestCluster.Coordinator());

        public async ValueTask DisposeAsync() => await System.Terminate();
    }
}
