using System.Security.Cryptography;
using System.Text;
using Trainer.Hosting.Cluster;

namespace Trainer.Node.Links;

/// <summary>What each side of a new link shows the other; generation and rank are in the frame's header.</summary>
public sealed record Hello(string Job, string Incarnation, byte[] Secret)
{
    public const int MaxBytes = 4096;

    // Before it stood no version: a Hello began with the job's id, whose length is not 0.
    private const byte Mark = 0;

    /// <summary>The version of <see cref="ClusterProtocol"/> that the sender speaks.</summary>
    public uint Protocol { get; init; } = ClusterProtocol.Version;

    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8))
        {
            writer.Write(Mark);
            writer.Write(Protocol);
            writer.Write(Job);
            writer.Write(Incarnation);
            writer.Write(Secret.Length);
            writer.Write(Secret);
        }

        return stream.ToArray();
    }

    /// <exception cref="LinkRefusedException">The peer speaks another version.</exception>
    /// <exception cref="IOException">The bytes are not a Hello.</exception>
    public static Hello Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes.ToArray()), Encoding.UTF8);
            var protocol = reader.ReadByte() == Mark ? reader.ReadUInt32() : 0;
            if (ClusterProtocol.Refusal("the peer", protocol) is { } refusal)
            {
                throw new LinkRefusedException(refusal);
            }

            var hello = new Hello(reader.ReadString(), reader.ReadString(), reader.ReadBytes(Math.Min(reader.ReadInt32(), MaxBytes)));
            return reader.BaseStream.Position == bytes.Length ? hello : throw new IOException($"Hello of {bytes.Length} bytes has bytes left over.");
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException or ArgumentException)
        {
            throw new IOException($"Hello of {bytes.Length} bytes cannot be read: {e.Message}", e);
        }
    }

    public bool HasSecret(ReadOnlySpan<byte> secret) => CryptographicOperations.FixedTimeEquals(Secret, secret);
}
