using System.Buffers;
using Google.Protobuf.Reflection;
using Trainer.Protos;

namespace Trainer.Coordinator.Http;

/// <summary>
/// Messages of streams as lines of JSON. A job's change is told to all who watch it at the same moment: the first writes the line, the others take it, and whoever asks for something else meanwhile waits for one line and
/// not for as many as there are pages open.
/// </summary>
internal sealed class SharedLines
{
    /// <summary>So many of the last messages are remembered.</summary>
    private const int Kept = 8;

    /// <summary>A message that is longer is remembered no longer than it takes to send it.</summary>
    private const int MostBytes = 1 << 20;

    private readonly Lock _lock = new();
    private readonly Queue<Entry> _last = new();

    private sealed record Entry(MessageDescriptor Type, byte[] Message, Lazy<byte[]> Line);

    /// <param name="message">As it came over the wire; it is not changed any more.</param>
    /// <returns>With its end of line; not to be changed.</returns>
    public byte[] Of(MessageDescriptor type, byte[] message)
    {
        if (message.Length > MostBytes)
        {
            return Write(type, message);
        }

        Entry? entry;
        lock (_lock)
        {
            entry = _last.FirstOrDefault(one => one.Type == type && one.Message.AsSpan().SequenceEqual(message));
            if (entry is null)
            {
                entry = new Entry(type, message, new Lazy<byte[]>(() => Write(type, message)));
                _last.Enqueue(entry);
                if (_last.Count > Kept)
                {
                    _last.Dequeue();
                }
            }
        }

        return entry.Line.Value;
    }

    private static byte[] Write(MessageDescriptor type, byte[] message)
    {
        var line = new ArrayBufferWriter<byte>();
        ProtoJson.Write(line, type.Parser.ParseFrom(message));
        line.Write("\n"u8);
        return line.WrittenSpan.ToArray();
    }
}
