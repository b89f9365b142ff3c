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

    // Of PageHeader, as ThriftWalk numbers them.
    private const int UnpackedSize = 20; // uncompressed_page_size
    private const int PackedSize = 30; // compressed_page_size
    private const int DefinitionLevels = 85; // data_page_header_v2: definition_levels_byte_length, which stand before what is packed
    private const int RepetitionLevels = 86; // and repetition_levels_byte_length

    private const long SparedBytes = 1 << 20;

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
            var (header, numbers) = HeaderAt(file, at);
            if (numbers[PackedSize] is not >= 0)
            {
                throw new InvalidDataException($"the page at {at} is to have {numbers[PackedSize]?.ToString(CultureInfo.InvariantCulture) ?? "no number of"} bytes");
            }

            var content = numbers[PackedSize]!.Value;
            CheckUnpacked(column.Codec, at, content, numbers[UnpackedSize] ?? 0);
            if (column.Codec == CompressionCodec.SNAPPY)
            {
                var levels = (numbers[DefinitionLevels] ?? 0) + (numbers[RepetitionLevels] ?? 0);
                CheckUnpacked(column.Codec, at, content, SnappyLength(file, at + header + Math.Clamp(levels, 0, content)));
            }

            at += header + content;
        }
    }

    // The library makes room for all that is promised before it unpacks.
    private static void CheckUnpacked(CompressionCodec codec, long at, long packed, long unpacked)
    {
        var most = SparedBytes + (packed * codec switch
        {
            CompressionCodec.UNCOMPRESSED => 1,
            CompressionCodec.SNAPPY => 64, // Of three bytes it makes 64.
            CompressionCodec.GZIP => 1100, // Of one at most 1032.
            _ => 100_000,
        });
        if (unpacked < 0 || unpacked > most)
        {
            throw new InvalidDataException($"the page at {at} is to have {unpacked} bytes unpacked, out of {packed}");
        }
    }

    // What is packed begins with its length.
    private static long SnappyLength(SafeFileHandle file, long at)
    {
        Span<byte> bytes = stackalloc byte[5];
        var (length, read) = (0L, Read(file, at, bytes));
        for (var i = 0; i < read; i++)
        {
            length |= (long)(bytes[i] & 127) << (7 * i);
            if (bytes[i] < 128)
            {
                return length;
            }
        }

        return 0; // It is none, which unpacking says.
    }

    // Headers have the least and the greatest value, which may be long.
    private static (int Header, long?[] Numbers) HeaderAt(SafeFileHandle file, long at)
    {
        for (var room = UsualPageHeader; ; room *= 16)
        {
            var bytes = new byte[(int)Math.Min(room, RandomAccess.GetLength(file) - at)];
            Read(file, at, bytes);
            try
            {
                var walk = new ThriftWalk(bytes);
                walk.Struct(ParquetShapes.Page);
                return (walk.At, walk.Numbers);
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
