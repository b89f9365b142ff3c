using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Trainer.Kernels.Data;

/// <summary>
/// An IDX file of unsigned bytes (LeCun, "The MNIST database", file formats): two zero bytes, type 0x08, the number of
/// dimensions, each dimension as a big-endian 32-bit number, then the elements.
/// </summary>
/// <remarks>Memory follows what has been read, not what a header promises.</remarks>
internal sealed class IdxFile
{
    /// <summary>Where the number of items stands.</summary>
    public const int FirstDimensionOffset = 4;

    private const byte UnsignedByte = 0x08;
    private const int FirstRead = 1 << 12;

    private readonly byte[] _header;

    private IdxFile(string path, byte[] header, int[] dimensions, byte[] content) =>
        (Path, _header, Dimensions, Content) = (path, header, dimensions, content);

    public string Path { get; }

    public int[] Dimensions { get; }

    public byte[] Content { get; }

    /// <summary>SHA-256 of the whole file, decompressed, in lower-case hex.</summary>
    public string Sha256()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(_header);
        hash.AppendData(Content);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <param name="path">Decompressed when it ends in <c>.gz</c>.</param>
    /// <param name="ranks">The numbers of dimensions that are accepted.</param>
    public static IdxFile Read(string path, ReadOnlySpan<int> ranks)
    {
        try
        {
            using var file = FileSystem.OpenRegular(path);
            using var stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : (Stream)file;
            return Read(path, stream, ranks);
        }
        catch (Exception failure) when (failure is InvalidDataException)
        {
            throw new DataFileException(path, $"not a gzip file: {failure.Message}", failure);
        }
    }

    private static IdxFile Read(string path, Stream stream, ReadOnlySpan<int> ranks)
    {
        var magic = new byte[FirstDimensionOffset];
        ReadHeader(path, stream, magic, 0);
        var rank = magic[3];
        if (magic[0] != 0 || magic[1] != 0 || magic[2] != UnsignedByte || !ranks.Contains(rank))
        {
            var accepted = string.Join(" or ", ranks.ToArray().Select(r => $"0000{UnsignedByte:x2}{r:x2}"));
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

        return new IdxFile(path, header, dimensions, ReadContent(path, stream, dimensions, header.Length));
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

    private static byte[] ReadContent(string path, Stream stream, int[] dimensions, int offset)
    {
        var promised = dimensions.Aggregate(1.0, (product, dimension) => product * dimension);
        if (promised > Array.MaxLength)
        {
            var found = string.Join(" x ", dimensions);
            throw new DataFileException(path, $"dimensions {found} at offset {FirstDimensionOffset} are more than {Array.MaxLength} bytes");
        }

        var (content, length) = (new byte[Math.Min((int)promised, FirstRead)], 0);
        while (length < (int)promised)
        {
            if (length == content.Length)
            {
                Array.Resize(ref content, (int)Math.Min((long)promised, 2L * length));
            }

            var read = stream.Read(content.AsSpan(length));
            if (read == 0)
            {
                throw new DataFileException(
                    path, $"ends at offset {offset + (long)length}; its dimensions {string.Join(" x ", dimensions)} promise {offset + (long)promised} bytes");
            }

            length += read;
        }

        return stream.ReadByte() < 0
            ? content
            : throw new DataFileException(path, $"goes on at offset {offset + (long)promised}, where its dimensions {string.Join(" x ", dimensions)} end");
    }
}
