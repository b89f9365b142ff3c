using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Trainer.Coordinator.Tests.Hostile;

/// <summary>What nobody sends who means well: odd texts, numbers at and beyond every edge, messages of them, and bytes that were right before they were changed.</summary>
internal sealed class HostileValues(Random random)
{
    private static readonly string[] Texts =
    [
        "", " ", "\0", "a\0b", "\r\n", "../../../../etc/passwd", "/etc/shadow", "/proc/self/environ", "/dev/zero", "C:\\con", "%00%2e%2e%2f", "*", "$(reboot)", "`id`", "'; DROP TABLE jobs; --", "\"}{\"",
        "\u202Egnp.exe", "\uFEFF", "é", "e\u0301", "𝒳𝒴", "👩‍👩‍👧‍👦", "ﷺ", "\u0000\u0001\u001b[2J", "NaN", "-Infinity", "1e999", "0x7fffffff", "null", "true", "=1+1", "best", "last",
        "18446744073709551616", "-9223372036854775809", "https://example.com/", "s3://bucket/key", "file:///etc/passwd", "\u2028", "Z\u0351\u036b\u0343", "İ", "ß",
    ];

    private static readonly double[] Numbers =
        [0, -0.0, 1, -1, double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.MaxValue, double.MinValue, double.Epsilon, 1e-320, int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue, 4096, 65536, 1e15];

    public string Text() => random.Next(12) switch
    {
        0 => new string((char)random.Next(1, 0xD800), random.Next(20_000)),
        1 => string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => (char)random.Next(1, 0xD800))),
        2 => string.Concat(Enumerable.Repeat(Pick(Texts), random.Next(1, 300))),
        _ => Pick(Texts),
    };

    public double Number() => random.Next(3) == 0 ? (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-20, 20)) : Pick(Numbers);

    public T Pick<T>(IReadOnlyList<T> list) => list[random.Next(list.Count)];

    public int Next(int below) => random.Next(below);

    public byte[] Bytes(int most)
    {
        var bytes = new byte[random.Next(most)];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>Some bytes are other ones, some are gone, some are there twice, and the end may be missing.</summary>
    public byte[] Spoil(byte[] right)
    {
        var bytes = right.ToList();
        for (var changes = random.Next(1, 9); changes > 0 && bytes.Count > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 64), bytes.Count - at));
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 200), bytes.Count - at)));
                    break;
                case 4:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    bytes.InsertRange(at, Enumerable.Repeat(Pick(new byte[] { 0, 255, (byte)'[', (byte)'{', (byte)'\t', (byte)'&', (byte)'9' }), random.Next(1, 2000)));
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>A message with some of its fields set, to anything.</summary>
    public IMessage Message(MessageDescriptor type, int depth = 0)
    {
        var message = type.Parser.ParseFrom(ByteString.Empty);
        foreach (var field in type.Fields.InFieldNumberOrder().Where(_ => random.Next(depth < 2 ? 2 : 5) == 0))
        {
            Set(message, field, depth);
        }

        return message;
    }

    private void Set(IMessage message, FieldDescriptor field, int depth)
    {
        if (field.IsMap || (field.FieldType == FieldType.Message && depth > 6))
        {
            return;
        }

        if (!field.IsRepeated)
        {
            field.Accessor.SetValue(message, Value(field, depth));
            return;
        }

        var list = (System.Collections.IList)field.Accessor.GetValue(message);
        for (var items = random.Next(4); items > 0; items--)
        {
            list.Add(Value(field, depth));
        }
    }

    private object Value(FieldDescriptor field, int depth) => field.FieldType switch
    {
        FieldType.Message => Message(field.MessageType, depth + 1),
        FieldType.String => Text(),
        FieldType.Bool => random.Next(2) == 0,
        FieldType.Bytes => ByteString.CopyFrom(Bytes(100)),
        FieldType.Double => Number(),
        FieldType.Float => (float)Number(),
        FieldType.Enum => Enum.ToObject(field.EnumType.ClrType, random.Next(-3, 40)),
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => random.Next(2) == 0 ? random.Next(-2, 5) : unchecked((int)random.NextInt64()),
        FieldType.UInt32 or FieldType.Fixed32 => random.Next(2) == 0 ? (uint)random.Next(5) : unchecked((uint)random.NextInt64()),
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => random.Next(2) == 0 ? random.Next(-2, 5) : random.NextInt64(long.MinValue, long.MaxValue),
        _ => random.Next(2) == 0 ? (ulong)random.Next(5) : unchecked((ulong)random.NextInt64(long.MinValue, long.MaxValue)),
    };
}
