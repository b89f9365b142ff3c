using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Trainer.Kernels.Onnx;

/// <summary>
/// A protobuf message on its way to a file (protobuf.dev/programming-guides/encoding): the few kinds of fields that ONNX needs, in the order
/// in which they are added. Large tensors are referred to, not copied.
/// </summary>
internal sealed class ProtoMessage
{
    private const int Varint = 0;
    private const int LengthDelimited = 2;
    private const int Fixed32 = 5;

    private readonly List<(long Size, Action<Stream> Write)> _parts = [];

    public long Size { get; private set; }

    public ProtoMessage Add(int field, long value)
    {
        var bytes = new byte[20];
        return Append(bytes.AsMemory(0, WriteVarint(bytes, Tag(bytes, field, Varint), (ulong)value)));
    }

    public ProtoMessage Add(int field, float value)
    {
        var bytes = new byte[14];
        var start = Tag(bytes, field, Fixed32);
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(start), value);
        return Append(bytes.AsMemory(0, start + sizeof(float)));
    }

    public ProtoMessage Add(int field, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return Header(field, bytes.Length).Append(bytes);
    }

    public ProtoMessage Add(int field, ProtoMessage message)
    {
        Header(field, message.Size);
        return Append(message.Size, message.WriteTo);
    }

    /// <summary>As little-endian bytes.</summary>
    public ProtoMessage Add(int field, ReadOnlyMemory<float> values)
    {
        Header(field, (long)values.Length * sizeof(float));
        return Append((long)values.Length * sizeof(float), stream => WriteLittleEndian(stream, values.Span));
    }

    /// <summary>As little-endian bytes.</summary>
    public ProtoMessage Add(int field, ReadOnlySpan<long> values)
    {
        var bytes = new byte[values.Length * sizeof(long)];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * sizeof(long)), values[i]);
        }

        return Header(field, bytes.Length).Append(bytes);
    }

    public void WriteTo(Stream stream)
    {
        foreach (var (_, write) in _parts)
        {
            write(stream);
        }
    }

    private static int Tag(byte[] bytes, int field, int wireType) => WriteVarint(bytes, 0, ((ulong)field << 3) | (uint)wireType);

    /// <summary>Seven bits a byte, the lowest first; the top bit says that more follow.</summary>
    private static int WriteVarint(byte[] bytes, int at, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            bytes[at++] = (byte)(value | 0x80);
        }

        bytes[at++] = (byte)value;
        return at;
    }

    private static void WriteLittleEndian(Stream stream, ReadOnlySpan<float> values)
    {
        if (BitConverter.IsLittleEndian)
        {
            stream.Write(MemoryMarshal.AsBytes(values));
            return;
        }

        Span<byte> bytes = stackalloc byte[sizeof(float)];
        foreach (var value in values)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
            stream.Write(bytes);
        }
    }

    private ProtoMessage Header(int field, long length)
    {
        var bytes = new byte[20];
        return Append(bytes.AsMemory(0, WriteVarint(bytes, Tag(bytes, field, LengthDelimited), (ulong)length)));
    }

    private ProtoMessage Append(ReadOnlyMemory<byte> bytes) => Append(bytes.Length, stream => stream.Write(bytes.Span));

    private ProtoMessage Append(long size, Action<Stream> write)
    {
        _parts.Add((size, write));
        Size += size;
        return this;
    }
}
