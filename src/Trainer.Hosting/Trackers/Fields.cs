using System.Text;
using Google.Protobuf;

namespace Trainer.Hosting.Trackers;

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

    public static void WriteField(this CodedOutputStream output, int field, byte[] bytes)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(bytes));
    }

    public static void WriteNumber(this CodedOutputStream output, int field, long number)
    {
        output.WriteTag(field, WireFormat.WireType.Varint);
        output.WriteInt64(number);
    }
}
