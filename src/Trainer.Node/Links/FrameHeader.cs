using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Sharding;

namespace Trainer.Node.Links;

/// <summary>What a frame is. Contributions, totals, parts of groups, Applied and Committed belong to the all-reduce, the State frames to a connection of their own, the rest to the link itself.</summary>
public enum FrameKind : ushort
{
    /// <summary>First frame in each direction; payload: <see cref="Hello"/>.</summary>
    Hello = 1,

    /// <summary>Instead of an answering Hello: why the link is refused, UTF-8. The link closes.</summary>
    Refusal = 2,

    /// <summary>A member's part of a chunk, to the chunk's owner: the gradient of one subtree root, or nothing. Needs credit.</summary>
    Contribution = 3,

    /// <summary>A finished chunk, from its owner to every member. Needs no credit.</summary>
    Total = 4,

    /// <summary>The receiver has consumed <see cref="FrameHeader.Item"/> more payload bytes of contributions.</summary>
    Credit = 5,

    /// <summary>To rank 0: the sender has applied the item, and this is the state's hash.</summary>
    Applied = 6,

    /// <summary>From rank 0: all members have applied the item, with one hash.</summary>
    Committed = 7,

    /// <summary>Instead of the first Hello: the sender wants the state after the item; payload: <see cref="Hello"/>.</summary>
    StateWanted = 8,

    /// <summary>The small part of a state, before its chunks.</summary>
    StateHead = 9,

    /// <summary>A chunk of a state.</summary>
    StateChunk = 10,

    /// <summary>
    /// A root's part of a batch norm group, to every member that shares the group: two values for each channel of a layer. How many values are behind them follows from the
    /// batch's size. Needs no credit.
    /// </summary>
    GroupPart = 11,
}

/// <summary>The fixed header before every payload on a link. This file is the format's definition.</summary>
/// <remarks>
/// <code>
/// offset size  field            all integers little-endian
///      0    4  magic            0x52544E4C, "LNTR" as bytes
///      4    2  version          3
///      6    2  kind             FrameKind
///      8    8  job              first 8 bytes of SHA-256 of the job's id
///     16    8  term             \ generation that the frame belongs to
///     24    8  number           /
///     32    8  item             index in the schedule (Credit: bytes)
///     40    4  rank             of the sender
///     44    4  chunk            0xFFFFFFFF: the statistics; of a part of a group: 2 x layer, + 1 backward
///     48    4  root lo          \ shards that a contribution or a part sums over; lo = hi: none
///     52    4  root hi          /
///     56    8  state hash       Applied: of the state after the item
///     64    4  flags            1: hold (see below)
///     68    4  payload length   bytes; at most 67,108,864
///     72    4  payload kind     0: bytes, 1: float32 (totals that are rounded to bfloat16: their upper halves, two to a float32)
///     76    4  zero
///     80    8  payload hash     HostHash of the float32 values that travel; of a total that is rounded to bfloat16, of its values as float32. 0: no such payload
///     88    8  header hash      HostHash of the words before it
/// </code>
/// The payload's hash is made where the payload is, and checked where it is used; that of the header, when it is read. The frames of a state have no hash of their own: the state has.
/// A member that was told to hold says so in all that it sends; what counts is the total of an item's statistics, from rank 0: with the flag, the item is the last one of the generation.
/// </remarks>
public readonly record struct FrameHeader
{
    public const int Bytes = 96;

    public const int MaxPayload = 64 << 20;

    /// <summary>The chunk number of a step's statistics: loss, weight and correctness of every sample.</summary>
    public const uint Statistics = uint.MaxValue;

    private const uint Magic = 0x52544E4C;
    private const ushort Version = 3;
    private const uint HoldFlag = 1;
    private const int HashOffset = 88;

    public required FrameKind Kind { get; init; }

    public required ulong Job { get; init; }

    public required GenerationNumber Generation { get; init; }

    public ulong Item { get; init; }

    public required int Rank { get; init; }

    public uint Chunk { get; init; }

    public ShardRange Root { get; init; }

    public ulong StateHash { get; init; }

    /// <summary>The sender wants the generation to end with this item, or knows that it does.</summary>
    public bool Hold { get; init; }

    public int PayloadLength { get; init; }

    /// <summary>Of what is to be used of the payload, as its sender had it.</summary>
    public ulong PayloadHash { get; init; }

    private bool PayloadIsFloats => Kind is FrameKind.Contribution or FrameKind.Total or FrameKind.StateChunk or FrameKind.GroupPart;

    public static ulong HashOf(string job) => BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(job)));

    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(to, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(to[4..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(to[6..], (ushort)Kind);
        BinaryPrimitives.WriteUInt64LittleEndian(to[8..], Job);
        WriteGeneration(to[16..], Generation);
        BinaryPrimitives.WriteUInt64LittleEndian(to[32..], Item);
        BinaryPrimitives.WriteInt32LittleEndian(to[40..], Rank);
        BinaryPrimitives.WriteUInt32LittleEndian(to[44..], Chunk);
        BinaryPrimitives.WriteInt32LittleEndian(to[48..], Root.Lo);
        BinaryPrimitives.WriteInt32LittleEndian(to[52..], Root.Hi);
        BinaryPrimitives.WriteUInt64LittleEndian(to[56..], StateHash);
        BinaryPrimitives.WriteUInt32LittleEndian(to[64..], Hold ? HoldFlag : 0);
        BinaryPrimitives.WriteInt32LittleEndian(to[68..], PayloadLength);
        BinaryPrimitives.WriteUInt32LittleEndian(to[72..], PayloadIsFloats ? 1u : 0);
        BinaryPrimitives.WriteUInt32LittleEndian(to[76..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(to[80..], PayloadHash);
        BinaryPrimitives.WriteUInt64LittleEndian(to[HashOffset..], HashOf(to));
    }

    /// <param name="from">At least <see cref="Bytes"/> bytes.</param>
    /// <param name="position">Where in the stream the header begins, for the error's text.</param>
    /// <exception cref="FrameException">A field has a value that no sender writes.</exception>
    public static FrameHeader Read(ReadOnlySpan<byte> from, long position)
    {
        Expect(BinaryPrimitives.ReadUInt32LittleEndian(from), Magic, "magic", 0, position);
        Expect(BinaryPrimitives.ReadUInt16LittleEndian(from[4..]), Version, "version", 4, position);
        var header = new FrameHeader
        {
            Kind = (FrameKind)BinaryPrimitives.ReadUInt16LittleEndian(from[6..]),
            Job = BinaryPrimitives.ReadUInt64LittleEndian(from[8..]),
            Generation = ReadGeneration(from[16..]),
            Item = BinaryPrimitives.ReadUInt64LittleEndian(from[32..]),
            Rank = BinaryPrimitives.ReadInt32LittleEndian(from[40..]),
            Chunk = BinaryPrimitives.ReadUInt32LittleEndian(from[44..]),
            Root = new ShardRange(BinaryPrimitives.ReadInt32LittleEndian(from[48..]), BinaryPrimitives.ReadInt32LittleEndian(from[52..])),
            StateHash = BinaryPrimitives.ReadUInt64LittleEndian(from[56..]),
            Hold = BinaryPrimitives.ReadUInt32LittleEndian(from[64..]) == HoldFlag,
            PayloadLength = BinaryPrimitives.ReadInt32LittleEndian(from[68..]),
            PayloadHash = BinaryPrimitives.ReadUInt64LittleEndian(from[80..]),
        };
        if (header.Kind is < FrameKind.Hello or > FrameKind.GroupPart)
        {
            throw new FrameException("kind", position + 6, $"{(ushort)header.Kind}", "1 to 11");
        }

        if (header.PayloadLength is < 0 or > MaxPayload)
        {
            throw new FrameException("payload length", position + 68, $"{(uint)header.PayloadLength}", $"at most {MaxPayload}");
        }

        Expect(BinaryPrimitives.ReadUInt32LittleEndian(from[72..]), header.PayloadIsFloats ? 1u : 0, "payload kind", 72, position);
        if (header.PayloadIsFloats && header.PayloadLength % sizeof(float) != 0)
        {
            throw new FrameException("payload length", position + 68, $"{header.PayloadLength}", "a multiple of 4");
        }

        ExpectHash(from, position);
        return header;
    }

    private static void Expect(uint found, uint expected, string field, int offset, long position)
    {
        if (found != expected)
        {
            throw new FrameException(field, position + offset, $"0x{found:X}", $"0x{expected:X}");
        }
    }

    private static void ExpectHash(ReadOnlySpan<byte> from, long position)
    {
        var (found, expected) = (BinaryPrimitives.ReadUInt64LittleEndian(from[HashOffset..]), HashOf(from));
        if (found != expected)
        {
            throw new FrameException("header hash", position + HashOffset, $"0x{found:x16}", $"0x{expected:x16}");
        }
    }

    private static ulong HashOf(ReadOnlySpan<byte> header)
    {
        Span<ulong> words = stackalloc ulong[HashOffset / sizeof(ulong)];
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = BinaryPrimitives.ReadUInt64LittleEndian(header[(i * sizeof(ulong))..]);
        }

        return HostHash.Of(words);
    }

    private static void WriteGeneration(Span<byte> to, GenerationNumber generation)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(to, generation.Term);
        BinaryPrimitives.WriteUInt64LittleEndian(to[8..], generation.Number);
    }

    private static GenerationNumber ReadGeneration(ReadOnlySpan<byte> from) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(from), BinaryPrimitives.ReadUInt64LittleEndian(from[8..]));
}

/// <summary>Bytes on a link that are not a frame, or not one that may come here.</summary>
public sealed class FrameException(string field, long offset, string found, string expected)
    : IOException($"corrupt frame: {field} at byte {offset} of the stream is {found}, expected {expected}");
