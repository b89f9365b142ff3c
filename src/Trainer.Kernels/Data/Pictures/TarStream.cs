using System.Buffers.Binary;

namespace Trainer.Kernels.Data.Pictures;

/// <summary>An archive whose headers are looked at before its library believes them: it makes room for long names and attributes before it looks whether they are there.</summary>
/// <remarks>Its library reads headers alone in pieces of a header's length; a file's content that looks like such a header is refused as one.</remarks>
internal sealed class TarStream(FileStream file) : FileView(file)
{
    private const int Header = 512;
    private const int SizeAt = 124;
    private const int SizeBytes = 12;
    private const int TypeAt = 156;
    private const long MostOfAttributes = 1 << 20;

    /// <exception cref="InvalidDataException">A header that promises more attributes than anybody has.</exception>
    public override int Read(Span<byte> buffer)
    {
        var read = base.Read(buffer);
        if (buffer.Length == Header && read == Header && buffer[TypeAt] is (byte)'x' or (byte)'g' or (byte)'L' or (byte)'K' && SizeOf(buffer.Slice(SizeAt, SizeBytes)) > MostOfAttributes)
        {
            throw new InvalidDataException($"a name or attributes of more than {MostOfAttributes} bytes");
        }

        return read;
    }

    // In octal digits, or, with the first bit set, in binary. What is neither the library refuses.
    private static long SizeOf(ReadOnlySpan<byte> field)
    {
        if ((field[0] & 0x80) != 0)
        {
            return field[..4].IndexOfAnyExcept((byte)0x80, (byte)0) >= 0 ? long.MaxValue : BinaryPrimitives.ReadInt64BigEndian(field[4..]) is var size and >= 0 ? size : long.MaxValue;
        }

        var sum = 0L;
        foreach (var digit in field)
        {
            sum = digit is >= (byte)'0' and <= (byte)'7' ? (sum * 8) + digit - '0' : sum;
        }

        return sum;
    }
}
