using Akka.Actor;
using Google.Protobuf;

namespace Trainer.Hosting.Cluster;

/// <summary>The first frame of an association, as Akka.Remote's WireFormats.proto defines it: it says at which address the peer takes messages, and Akka sends there what is for that address.</summary>
internal static class PeerGreeting
{
    // AkkaProtocolMessage.instruction, AkkaControlMessage.handshakeInfo, AkkaHandshakeInfo.origin, AddressData's hostname and port.
    private const int Instruction = 2;
    private const int Handshake = 2;
    private const int Origin = 1;
    private const int Host = 2;
    private const int Port = 3;

    /// <exception cref="IOException">It says none. What is there twice is refused as well: Akka never writes it, and two readers could take it differently.</exception>
    public static Address OriginOf(byte[] frame)
    {
        var origin = Part(Part(Part(frame, Instruction), Handshake), Origin);
        var host = Only(origin, Host, WireFormat.WireType.LengthDelimited, input => input.ReadString());
        return new Address("akka.tcp", ClusterNames.System, host, unchecked((int)Only(origin, Port, WireFormat.WireType.Varint, input => input.ReadUInt32())));
    }

    private static byte[] Part(byte[] message, int field) => Only(message, field, WireFormat.WireType.LengthDelimited, input => input.ReadBytes().ToByteArray());

    private static T Only<T>(byte[] message, int field, WireFormat.WireType type, Func<CodedInputStream, T> read)
    {
        var found = new List<T>();
        using var input = new CodedInputStream(message);
        for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (WireFormat.GetTagFieldNumber(tag) != field)
            {
                input.SkipLastField();
            }
            else
            {
                found.Add(WireFormat.GetTagWireType(tag) == type ? read(input) : throw new IOException("it does not say who it is as Akka does"));
            }
        }

        return found is [var only] ? only : throw new IOException("it does not say who it is as Akka does");
    }
}
