using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Trainer.Kernels.Data.Packs;

/// <summary>The last entry of a pack, which says how long the index before it is. With the two blocks of zeros that end a tar archive it has always the same length.</summary>
/// <param name="IndexBytes">Without the zeros behind it.</param>
/// <param name="IndexSha256">Of it.</param>
internal sealed record PackFooter(int IndexBytes, byte[] IndexSha256)
{
    /// <summary>Bytes from the footer's header on.</summary>
    public const int Length = 4 * TarHeader.Block;

    public const string Name = "footer";

    /// <summary>An index is in memory while it is read.</summary>
    private const int MostIndexBytes = 1 << 28;

    /// <summary>Bytes of the end of a pack that describe it: the index, the zeros behind it, and this.</summary>
    public long TailBytes => IndexBytes + TarHeader.PaddingOf(IndexBytes) + Length;

    private static ReadOnlySpan<byte> Magic => "trainer-pack\n"u8;

    public static PackFooter Of(byte[] index) => new(index.Length, SHA256.HashData(index));

    /// <summary>Header, content and the end of the archive.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Length];
        TarHeader.Of(Name, TarHeader.Block).CopyTo(bytes, 0);
        var content = bytes.AsSpan(TarHeader.Block);
        Magic.CopyTo(content);
        BinaryPrimitives.WriteInt32LittleEndian(content[16..], IndexBytes);
        IndexSha256.CopyTo(content[32..]);
        return bytes;
    }

    /// <param name="end">The last <see cref="Length"/> bytes of a file.</param>
    /// <returns>Null: of something else, or its index is larger than any.</returns>
    public static PackFooter? Parse(ReadOnlySpan<byte> end)
    {
        if (end.Length != Length || !end[TarHeader.Block..].StartsWith(Magic))
        {
            return null;
        }

        var content = end[TarHeader.Block..];
        var bytes = BinaryPrimitives.ReadInt32LittleEndian(content[16..]);
        return bytes is > 0 and <= MostIndexBytes ? new PackFooter(bytes, content.Slice(32, 32).ToArray()) : null;
    }
}
