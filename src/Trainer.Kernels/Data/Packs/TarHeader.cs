using System.Globalization;
using System.Text;

namespace Trainer.Kernels.Data.Packs;

/// <summary>Entries of a tar archive (POSIX.1-1988, ustar): a header of one block, the content, zeros up to a whole block. Nothing in them but name and length, so equal content gives equal bytes.</summary>
internal static class TarHeader
{
    /// <summary>Bytes.</summary>
    public const int Block = 512;

    private const long MostOctal = 1L << 33; // Of 11 octal digits; what is longer is written in base 256, as GNU tar does.

    /// <param name="name">At most 100 ASCII letters.</param>
    public static byte[] Of(string name, long length)
    {
        var header = new byte[Block];
        Put(0, name);
        Put(100, "0000644\0");
        Put(108, "0000000\0");
        Put(116, "0000000\0");
        PutLength(header.AsSpan(124, 12), length);
        Put(136, "00000000000\0");
        Put(148, "        ");
        Put(156, "0");
        Put(257, "ustar\0");
        Put(263, "00");
        Put(148, $"{Octal(header.Sum(each => each), 6)}\0 ");
        return header;

        void Put(int at, string text) => Encoding.ASCII.GetBytes(text, header.AsSpan(at));
    }

    /// <summary>Zeros behind a content.</summary>
    public static int PaddingOf(long length) => (int)(-length & (Block - 1));

    private static void PutLength(Span<byte> field, long length)
    {
        if (length < MostOctal)
        {
            Encoding.ASCII.GetBytes(Octal(length, 11), field);
            return;
        }

        field[0] = 0x80;
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(field[4..], length);
    }

    private static string Octal(long value, int digits) => Convert.ToString(value, 8).PadLeft(digits, '0').ToString(CultureInfo.InvariantCulture);
}
