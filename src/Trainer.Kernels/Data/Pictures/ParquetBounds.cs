using System.Buffers.Binary;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Parquet.Meta;

namespace Trainer.Kernels.Data.Pictures;

/// <summary>Looks whether a file's metadata can be walked over, before the library does: it believes what they say, and a few bytes make it go on for ever.</summary>
internal static class ParquetBounds
{
    private const int Tail = 8; // The length of the footer, and the magic.
    private const int MostBytesOfFooter = 1 << 28;
    private const int UsualPageHeader = 1 << 12;
    private const int MostBytesOfPageHeader = 1 << 24;

    /// <summary>Field 3 of PageHeader: compressed_page_size.</summary>
    private const int PageSize = 3;

    /// <exception cref="InvalidDataException">It cannot, or there is none.</exception>
    /// <exception cref="EndOfStreamException">It goes on beyond its end.</exception>
    public static void CheckFooter(SafeFileHandle file)
    {
        var bytes = RandomAccess.GetLength(file);
        Span<byte> tail = stackalloc byte[Tail];
        if (bytes < Tail || Read(file, bytes - Tail, tail) < Tail || !tail.EndsWith("PAR1"u8))
        {
            throw new InvalidDataException("it does not end as one");
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(tail);
        if (length > Math.Min(bytes - Tail, MostBytesOfFooter))
        {
            throw new InvalidDataException($"its footer is to have {length} bytes");
        }

        var footer = new byte[length];
        Read(file, bytes - Tail - length, footer);
        new ThriftWalk(footer).Struct(ParquetShapes.File);
    }

    /// <summary>Likewise the headers of a column's pages in a row group.</summary>
    /// <exception cref="InvalidDataException">One cannot.</exception>
    /// <exception cref="EndOfStreamException">One goes on beyond its end.</exception>
    public static void CheckPages(SafeFileHandle file, ColumnMetaData column)
    {
        var at = new[] { column.DictionaryPageOffset ?? 0, column.IndexPageOffset ?? 0, column.DataPageOffset }.Where(offset => offset != 0).DefaultIfEmpty().Min(); // The library begins at the least.
        var length = RandomAccess.GetLength(file);
        if (at <= 0 || at >= length)
        {
            throw new InvalidDataException($"a page begins at {at}, in a file of {length} bytes");
        }

        var end = column.TotalCompressedSize > length - at ? length : at + Math.Max(0, column.TotalCompressedSize);
        while (at < end)
        {
            var (header, content) = HeaderAt(file, at);
            if (content is not >= 0)
            {
                throw new InvalidDataException($"the page at {at} is to have {content?.ToString(CultureInfo.InvariantCulture) ?? "no number of"} bytes");
            }

            at += header + content.Value;
        }
    }

    // Headers have the least and the greatest value, which may be long.
    private static (int Header, long? Content) HeaderAt(SafeFileHandle file, long at)
    {
        for (var room = UsualPageHeader; ; room *= 16)
        {
            var bytes = new byte[(int)Math.Min(room, RandomAccess.GetLength(file) - at)];
            Read(file, at, bytes);
            try
            {
                var walk = new ThriftWalk(bytes);
                walk.Struct(ParquetShapes.Page);
                return (walk.At, walk.Numbers.TryGetValue(PageSize, out var content) ? content : null);
            }
            catch (EndOfStreamException) when (bytes.Length == room && room < MostBytesOfPageHeader)
            {
                // It is longer than usual.
            }
        }
    }

    private static int Read(SafeFileHandle file, long at, Span<byte> bytes)
    {
        var read = 0;
        while (read < bytes.Length && RandomAccess.Read(file, bytes[read..], at + read) is var more and > 0)
        {
            read += more;
        }

        return read;
    }
}
