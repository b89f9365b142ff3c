using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace Trainer.Hosting.Cluster;

/// <summary>
/// Stands where Akka's JSON serializer would: that one makes an object of any type that a message from the network names.
/// </summary>
/// <remarks>Removing it (<c>json = none</c>) works, too, but every actor system then warns of it six times.</remarks>
internal sealed class NoFallbackSerializer : Serializer
{
    /// <param name="system">Akka gives both.</param>
    /// <param name="settings">Those of the JSON serializer.</param>
    public NoFallbackSerializer(ExtendedActorSystem system, Config settings)
        : base(system) => _ = settings;

    /// <summary>Of Akka's JSON serializer.</summary>
    public override int Identifier => 1;

    public override bool IncludeManifest => false;

    public override byte[] ToBinary(object obj) => throw new SerializationException($"{obj.GetType()} is no message of cluster.proto.");

    public override object FromBinary(byte[] bytes, Type type) => throw new SerializationException("Messages in JSON are not accepted.");
}
