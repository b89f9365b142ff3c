using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Trainer.Protos.Cluster;

namespace Trainer.Hosting.Cluster;

/// <summary>The only way a message of ours leaves a process: the generated types of cluster.proto, told apart by their full names.</summary>
public sealed class ProtobufSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    private static readonly FrozenDictionary<string, MessageParser> Parsers =
        ClusterReflection.Descriptor.MessageTypes.ToFrozenDictionary(type => type.FullName, type => type.Parser);

    /// <summary>What may be sent: every top-level message of cluster.proto.</summary>
    public static IEnumerable<MessageDescriptor> Messages => ClusterReflection.Descriptor.MessageTypes;

    /// <summary>On the wire beside each message; never change it.</summary>
    public override int Identifier => 7201;

    public override string Manifest(object o) => ((IMessage)o).Descriptor.FullName;

    public override byte[] ToBinary(object obj) => ((IMessage)obj).ToByteArray();

    /// <exception cref="SerializationException">The manifest is unknown or the bytes are not such a message.</exception>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        if (!Parsers.TryGetValue(manifest, out var parser))
        {
            throw new SerializationException($"Message '{manifest}' is unknown; expected one of package {ClusterReflection.Descriptor.Package}.");
        }

        try
        {
            return parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new SerializationException($"Message '{manifest}' of {bytes.Length} bytes cannot be read: {e.Message}", e);
        }
    }

    internal static SerializationSetup Setup() => SerializationSetup.Create(system =>
        [SerializerDetails.Create("trainer", new ProtobufSerializer(system), Messages.Select(m => m.ClrType).ToImmutableHashSet())]);
}
