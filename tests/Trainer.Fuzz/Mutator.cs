using System.Buffers.Binary;

namespace Trainer.Fuzz;

/// <summary>Makes inputs of inputs, as afl's havoc does.</summary>
public sealed class Mutator(Random random)
{
    private const int MostBytes = 1 << 18;
    private const int MostChanges = 6;

    private static readonly long[] Odd = [0, 1, -1, 127, 128, 255, 256, 32767, 65535, 65536, int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue, long.MinValue];

    private static readonly byte[][] Tokens = [.. ((string[])["[", "]", "{", "}", ":", ",", "\"", "'", "\n", "  ", "- ", "null", "NaN", "-", "1e999", "&a ", "*a", "<<: ", "!!", "|", "#", "---\n", "\0", "\uFEFF", "()", "99999999999999999999"])
        .Select(System.Text.Encoding.UTF8.GetBytes)];

    /// <param name="other">Another input, parts of which it may take.</param>
    public byte[] Change(byte[] input, byte[] other)
    {
        var bytes = input.ToList();
        for (var changes = 1 + random.Next(MostChanges); changes > 0; changes--)
        {
            Change(bytes, other);
        }

        return [.. bytes.Take(MostBytes)];
    }

    private void Change(List<byte> bytes, byte[] other)
    {
        var at = random.Next(bytes.Count + 1);
        switch (random.Next(9))
        {
            case 0 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when at < bytes.Count:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                Put(bytes, at, OddNumber());
                break;
            case 3:
                bytes.RemoveRange(at, Math.Min(bytes.Count - at, Length()));
                break;
            case 4:
                bytes.InsertRange(at, Part([.. bytes]));
                break;
            case 5:
                bytes.InsertRange(at, Tokens[random.Next(Tokens.Length)]);
                break;
            case 6:
                bytes.InsertRange(at, Part(other));
                break;
            case 7:
                Put(bytes, at, Part(other));
                break;
            default:
                bytes.InsertRange(at, Enumerable.Repeat((byte)random.Next(256), Length()));
                break;
        }
    }

    private int Length() => 1 << random.Next(random.Next(2) == 0 ? 4 : 10);

    private byte[] Part(byte[] of)
    {
        var first = random.Next(of.Length + 1);
        return of[first..Math.Min(of.Length, first + Length())];
    }

    private byte[] OddNumber()
    {
        var number = new byte[8];
        var value = Odd[random.Next(Odd.Length)] + random.Next(-1, 2);
        if (random.Next(2) == 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(number, value);
            return number[..(1 << random.Next(4))];
        }

        BinaryPrimitives.WriteInt64BigEndian(number, value);
        return number[(8 - (1 << random.Next(4)))..];
    }

    private static void Put(List<byte> bytes, int at, byte[] part)
    {
        bytes.RemoveRange(at, Math.Min(part.Length, bytes.Count - at));
        bytes.InsertRange(at, part);
    }
}
