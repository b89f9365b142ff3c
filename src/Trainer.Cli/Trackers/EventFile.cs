using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Google.Protobuf;

namespace Trainer.Cli.Trackers;

/// <summary>A file of TensorBoard's events: a record for each, which is its length, its bytes, and a checksum behind either.</summary>
/// <remarks>
/// github.com/tensorflow/tensorflow: core/lib/io/record_writer.h, core/util/event.proto, core/framework/summary.proto. The few messages are written field by field, whose numbers stand below.
/// </remarks>
internal sealed class EventFile : IDisposable
{
    private const uint MaskDelta = 0xa282ead8;
    private const int StringType = 7; // DT_STRING of types.proto

    private readonly Stream _stream;

    public EventFile(Stream stream, DateTime time)
    {
        _stream = stream;
        Write(time, step: 0, @event => @event.WriteField(3, "brain.Event:2")); // file_version
    }

    public void Dispose() => _stream.Dispose();

    /// <summary>A point of a curve.</summary>
    public void Scalar(string tag, DateTime time, ulong step, double value) => Summary(time, step, content =>
    {
        content.WriteField(1, tag);
        content.WriteTag(2, WireFormat.WireType.Fixed32); // simple_value
        content.WriteFloat((float)value);
    });

    /// <summary>Markdown.</summary>
    public void Text(string tag, DateTime time, string text) => Summary(time, step: 0, content =>
    {
        content.WriteField(1, $"{tag}/text_summary");
        content.WriteField(8, tensor =>
        {
            tensor.WriteTag(1, WireFormat.WireType.Varint); // dtype
            tensor.WriteInt32(StringType);
            tensor.WriteField(2, shape => shape.WriteField(2, dimension =>
            {
                dimension.WriteTag(1, WireFormat.WireType.Varint);
                dimension.WriteInt64(1);
            }));
            tensor.WriteField(8, text); // string_val
        });
        content.WriteField(9, metadata => metadata.WriteField(1, plugin => plugin.WriteField(1, "text")));
    });

    private void Summary(DateTime time, ulong step, Action<CodedOutputStream> value) => Write(time, step, @event => @event.WriteField(5, summary => summary.WriteField(1, value)));

    private void Write(DateTime time, ulong step, Action<CodedOutputStream> content)
    {
        var bytes = Fields.Bytes(@event =>
        {
            @event.WriteTag(1, WireFormat.WireType.Fixed64); // wall_time
            @event.WriteDouble((time - DateTime.UnixEpoch).TotalSeconds);
            if (step != 0)
            {
                @event.WriteTag(2, WireFormat.WireType.Varint);
                @event.WriteInt64((long)step);
            }

            content(@event);
        });
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)bytes.Length);
        WriteSummed(length);
        WriteSummed(bytes);
    }

    private void WriteSummed(ReadOnlySpan<byte> bytes)
    {
        Span<byte> sum = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(sum, Masked(bytes));
        _stream.Write(bytes);
        _stream.Write(sum);
    }

    // Turned, and with something added: a sum of sums would be a poor one.
    private static uint Masked(ReadOnlySpan<byte> bytes)
    {
        var sum = uint.MaxValue;
        foreach (var value in bytes)
        {
            sum = BitOperations.Crc32C(sum, value);
        }

        return BitOperations.RotateRight(~sum, 15) + MaskDelta;
    }
}

/// <summary>Fields of protobuf messages that have no class of their own.</summary>
internal static class Fields
{
    public static byte[] Bytes(Action<CodedOutputStream> write)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream, leaveOpen: true))
        {
            write(output);
        }

        return stream.ToArray();
    }

    public static void WriteField(this CodedOutputStream output, int field, Action<CodedOutputStream> message) => output.WriteField(field, Bytes(message));

    public static void WriteField(this CodedOutputStream output, int field, string text) => output.WriteField(field, Encoding.UTF8.GetBytes(text));

    private static void WriteField(this CodedOutputStream output, int field, byte[] bytes)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(bytes));
    }
}
