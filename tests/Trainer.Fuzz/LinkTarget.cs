using System.Buffers.Binary;
using System.Net.Sockets;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Node.Links;

namespace Trainer.Fuzz;

/// <summary>What a stranger may send to a node's port, where a link begins: a frame with a Hello, and frames behind it.</summary>
/// <param name="folder">For the other end's socket.</param>
internal sealed class LinkTarget(string folder) : IDisposable
{
    private const int HashedBytes = FrameHeader.Bytes - sizeof(ulong);

    private static readonly GenerationNumber Generation = new(3, 7);

    private readonly Lazy<Socket> _listener = new(() => Listen(Path.Combine(folder, "link")));

    public void Dispose()
    {
        if (_listener.IsValueCreated)
        {
            _listener.Value.Dispose();
        }
    }

    public Target ToTarget() => new("link", Read, [typeof(IOException)], [.. Seeds()]);

    private void Read(byte[] input)
    {
        using var connection = new LinkConnection(Ended(), "fuzz", stream: null, WithHashes(input));
        _ = connection.ReadHello();
        var payload = new byte[input.Length];
        while (connection.ReadHeader() is { } header)
        {
            connection.ReadPayload(payload.AsSpan(0, Math.Min(payload.Length, header.PayloadLength)));
        }
    }

    // Nobody finds a header's hash by trying.
    private static byte[] WithHashes(byte[] input)
    {
        var mended = input.ToArray();
        Span<ulong> words = stackalloc ulong[HashedBytes / sizeof(ulong)];
        for (var at = 0; at <= mended.Length - FrameHeader.Bytes;)
        {
            var header = mended.AsSpan(at, FrameHeader.Bytes);
            for (var i = 0; i < words.Length; i++)
            {
                words[i] = BinaryPrimitives.ReadUInt64LittleEndian(header[(i * sizeof(ulong))..]);
            }

            BinaryPrimitives.WriteUInt64LittleEndian(header[HashedBytes..], HostHash.Of(words));
            at += FrameHeader.Bytes + (int)Math.Min((uint)mended.Length, BinaryPrimitives.ReadUInt32LittleEndian(header[68..]));
        }

        return mended;
    }

    private static IEnumerable<byte[]> Seeds()
    {
        var hello = new Hello("lenet-1", "0123456789abcdef", [1, 2, 3, 5, 8]).ToBytes();
        yield return Frame(Header(FrameKind.Hello), hello);
        yield return Frame(Header(FrameKind.StateWanted), hello);
        yield return
        [
            .. Frame(Header(FrameKind.Hello), hello),
            .. Frame(Header(FrameKind.Contribution) with { Root = new(2, 4), PayloadHash = 9 }, new byte[12]),
            .. Frame(Header(FrameKind.Total) with { Chunk = FrameHeader.Statistics, Hold = true }, new byte[8]),
            .. Frame(Header(FrameKind.Applied) with { StateHash = 5 }, []),
        ];
    }

    private static FrameHeader Header(FrameKind kind) => new() { Kind = kind, Job = FrameHeader.HashOf("lenet-1"), Generation = Generation, Rank = 1 };

    private static byte[] Frame(FrameHeader header, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[FrameHeader.Bytes + payload.Length];
        (header with { PayloadLength = payload.Length }).Write(frame);
        payload.CopyTo(frame.AsSpan(FrameHeader.Bytes));
        return frame;
    }

    /// <summary>A socket whose other end is closed: behind what was read ahead, the stream ends.</summary>
    private Socket Ended()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(_listener.Value.LocalEndPoint!);
        _listener.Value.Accept().Dispose();
        return socket;
    }

    private static Socket Listen(string path)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        return listener;
    }
}
