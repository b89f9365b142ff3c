using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Trainer.Kernels.Data;

/// <summary>
/// An IDX file (LeCun, "The MNIST database", file formats): two zero bytes, a type, the number of dimensions, each dimension as a big-endian 32-bit number, then the
/// elements, big-endian as well. Images are unsigned bytes; labels may be 16 or 32 bits.
/// </summary>
/// <remarks>Memory follows what has been read, not what a header promises.</remarks>
internal sealed class IdxFile
{
    /// <summary>Where the number of items stands.</summary>
    public const int FirstDimensionOffset = 4;

    public const byte UnsignedByte = 0x08;
    public const byte Short = 0x0B;
    public const byte Whole = 0x0C;

    private const int FirstRead = 1 << 12;

    /// <summary>What is larger than this and this many times its compressed size is not images: gzip makes at most a thousandth of anything, pictures of digits a sixth.</summary>
    private const long UnsuspiciousBytes = 64 << 20;
    private const int MostTimes = 100;

    /// <summary>What is smaller is decompressed in no time.</summary>
    private const int WorthCopying = 1 << 20;

    private readonly byte[] _header;

    private IdxFile(string path, byte[] header, int[] dimensions)
    {
        (Path, _header, Dimensions) = (path, header, dimensions);
        Bytes = dimensions.Aggregate((Int128)ElementBytes, (product, dimension) => product * dimension);
    }

    public string Path { get; }

    public int[] Dimensions { get; }

    public byte Type => _header[2];

    public int ElementBytes => Type switch { Short => 2, Whole => 4, _ => 1 };

    /// <summary>Of all elements, as the dimensions promise.</summary>
    public Int128 Bytes { get; }

    /// <summary>Where the elements begin.</summary>
    public int ContentOffset => _header.Length;

    public bool IsCompressed => Path.EndsWith(".gz", StringComparison.Ordinal);

    private string Sizes => string.Join(" x ", Dimensions);

    /// <summary>Reads a header; whether a plain file is as long as it says is seen then, of a compressed one when it is read.</summary>
    /// <param name="path">Decompressed when it ends in <c>.gz</c>.</param>
    /// <param name="ranks">The numbers of dimensions that are accepted.</param>
    /// <param name="types">Of elements, likewise; none: unsigned bytes.</param>
    public static IdxFile Open(string path, ReadOnlySpan<int> ranks, params ReadOnlySpan<byte> types)
    {
        try
        {
            using var stream = OpenStream(path);
            var file = ReadHeader(path, stream, ranks, types.IsEmpty ? [UnsignedByte] : types);
            file.CheckLength(stream);
            return file;
        }
        catch (InvalidDataException failure)
        {
            throw NotGzip(path, failure);
        }
    }

    /// <summary>A whole file: its header and its elements.</summary>
    public static (IdxFile File, byte[] Content) Read(string path, ReadOnlySpan<int> ranks, params ReadOnlySpan<byte> types)
    {
        var file = Open(path, ranks, types);
        return (file, file.Read());
    }

    /// <summary>The elements.</summary>
    /// <param name="sha256">Of the whole file, decompressed, in lower-case hex; null: any.</param>
    public byte[] Read(string? sha256 = null)
    {
        if (IsCompressed && sha256 is not null && ReadCopy(sha256) is { } copy)
        {
            return copy;
        }

        var content = ReadContent();
        if (sha256 is not null && Sha256(content) is var found && found != sha256)
        {
            throw new DataFileException(Path, $"SHA-256 of the decompressed content is {found}; expected {sha256}");
        }

        if (IsCompressed && sha256 is not null && content.Length >= WorthCopying)
        {
            PlainCopy.Write(Path, sha256, content);
        }

        return content;
    }

    /// <summary>The elements from <see cref="PlainCopy"/>; null: they are not there, or not what they should be.</summary>
    private byte[]? ReadCopy(string sha256) =>
        Bytes >= WorthCopying && Bytes <= Array.MaxLength && PlainCopy.Read(Path, sha256, (long)Bytes) is { } copy && Sha256(copy) == sha256 ? copy : null;

    /// <summary>SHA-256 of the whole file, decompressed, in lower-case hex.</summary>
    public string Sha256(ReadOnlySpan<byte> content)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(_header);
        hash.AppendData(content);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static Stream OpenStream(string path)
    {
        var file = FileSystem.OpenRegular(path);
        return path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    private static DataFileException NotGzip(string path, InvalidDataException failure) => new(path, $"not a gzip file: {failure.Message}", failure);

    private static IdxFile ReadHeader(string path, Stream stream, ReadOnlySpan<int> ranks, ReadOnlySpan<byte> types)
    {
        var magic = new byte[FirstDimensionOffset];
        ReadHeader(path, stream, magic, 0);
        var rank = magic[3];
        if (magic[0] != 0 || magic[1] != 0 || !types.Contains(magic[2]) || !ranks.Contains(rank))
        {
            var (acceptedRanks, acceptedTypes) = (ranks.ToArray(), types.ToArray());
            var accepted = string.Join(" or ", acceptedTypes.SelectMany(type => acceptedRanks.Select(r => $"0000{type:x2}{r:x2}")));
            var found = $"magic number {Convert.ToHexStringLower(magic)} at offset 0";
            throw new DataFileException(
                path, FileKind.Of(magic) is { } kind ? $"is {kind} ({found}); expected IDX ({accepted})" : $"{found}; expected {accepted}");
        }

        var header = new byte[FirstDimensionOffset + (4 * rank)];
        magic.CopyTo(header, 0);
        ReadHeader(path, stream, header.AsSpan(FirstDimensionOffset), FirstDimensionOffset);
        var dimensions = new int[rank];
        for (var i = 0; i < rank; i++)
        {
            dimensions[i] = ReadDimension(path, header, FirstDimensionOffset + (4 * i));
        }

        return new IdxFile(path, header, dimensions);
    }

    private static int ReadDimension(string path, byte[] header, int offset)
    {
        var dimension = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(offset));
        return dimension is > 0 and <= int.MaxValue
            ? (int)dimension
            : throw new DataFileException(path, $"dimension {dimension} at offset {offset}; expected 1 to {int.MaxValue}");
    }

    private static void ReadHeader(string path, Stream stream, Span<byte> header, int offset)
    {
        var read = stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        if (read < header.Length)
        {
            throw new DataFileException(path, $"ends at offset {offset + read} within its header; expected at least {offset + header.Length} bytes");
        }
    }

    private void CheckLength(Stream stream)
    {
        var end = ContentOffset + Bytes;
        if (stream is GZipStream { BaseStream.Length: var packed } && Bytes > Int128.Max(UnsuspiciousBytes, (Int128)MostTimes * packed))
        {
            throw new DataFileException(
                Path, $"dimensions {Sizes} at offset {FirstDimensionOffset} promise {Bytes} bytes, {Bytes / packed} times the {packed} bytes of the file; expected at most {MostTimes} times. Decompress it");
        }

        if (IsCompressed && Bytes > Array.MaxLength)
        {
            throw new DataFileException(
                Path, $"dimensions {Sizes} at offset {FirstDimensionOffset} are more than the {Array.MaxLength} bytes that are read from a .gz file; decompress it");
        }

        if (!IsCompressed && stream.Length < end)
        {
            throw Ends(stream.Length);
        }

        if (!IsCompressed && stream.Length > end)
        {
            throw GoesOn();
        }
    }

    private byte[] ReadContent()
    {
        try
        {
            using var stream = OpenStream(Path);
            ReadHeader(Path, stream, new byte[ContentOffset], 0);
            return ReadContent(stream);
        }
        catch (InvalidDataException failure)
        {
            throw NotGzip(Path, failure);
        }
    }

    private byte[] ReadContent(Stream stream)
    {
        var (content, length) = (new byte[(int)Int128.Min(Bytes, FirstRead)], 0);
        while (length < Bytes)
        {
            if (length == content.Length)
            {
                Array.Resize(ref content, (int)Int128.Min(Bytes, 2L * length));
            }

            var read = stream.Read(content.AsSpan(length));
            if (read == 0)
            {
                throw Ends(ContentOffset + (long)length);
            }

            length += read;
        }

        return stream.ReadByte() < 0 ? content : throw GoesOn();
    }

    private DataFileException Ends(long offset) => new(Path, $"ends at offset {offset}; its dimensions {Sizes} promise {ContentOffset + Bytes} bytes");

    private DataFileException GoesOn() => new(Path, $"goes on at offset {ContentOffset + Bytes}, where its dimensions {Sizes} end");
}
