using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Trainer.Kernels.Data;

/// <summary>A NumPy file (numpy.lib.format): a magic number, a version, the length of a header, and the header, which is a Python dictionary; then the elements.</summary>
internal sealed partial class NpyFile
{
    private const int MagicBytes = 8;
    private const int MostHeader = 1 << 16;

    private NpyFile(string path, string type, int[] dimensions, long contentOffset) =>
        (Path, Type, Dimensions, ContentOffset) = (path, type, dimensions, contentOffset);

    public string Path { get; }

    /// <summary>As NumPy writes it: |u1, &lt;i8.</summary>
    public string Type { get; }

    public int[] Dimensions { get; }

    public long ContentOffset { get; }

    public int ElementBytes => Type[^1] - '0';

    /// <exception cref="DataFileException">Naming file, offset, found and expected.</exception>
    public static NpyFile Open(string path, ReadOnlySpan<int> ranks, params ReadOnlySpan<string> types)
    {
        using var stream = FileSystem.OpenRegular(path);
        var file = ReadHeader(path, stream);
        if (!types.Contains(file.Type) || !ranks.Contains(file.Dimensions.Length))
        {
            throw new DataFileException(
                path, $"holds {file.Type} of {file.Dimensions.Length} dimensions; expected {string.Join(" or ", ranks.ToArray())} dimensions of {string.Join(", ", types.ToArray())}");
        }

        var end = file.Dimensions.Aggregate((Int128)file.ElementBytes, (product, dimension) => product * dimension) + file.ContentOffset;
        return stream.Length == end ? file : throw new DataFileException(
            path, $"has {stream.Length} bytes; its header promises {end}, {string.Join(" x ", file.Dimensions)} elements from offset {file.ContentOffset} on");
    }

    /// <summary>Whole numbers, of any type.</summary>
    public int[] ReadWholeNumbers()
    {
        using var stream = FileSystem.OpenRegular(Path);
        stream.Position = ContentOffset;
        var content = new byte[stream.Length - ContentOffset];
        stream.ReadExactly(content);
        var numbers = new int[content.Length / ElementBytes];
        for (var i = 0; i < numbers.Length; i++)
        {
            var number = Number(content.AsSpan(i * ElementBytes, ElementBytes));
            numbers[i] = number >= int.MinValue && number <= int.MaxValue
                ? (int)number
                : throw new DataFileException(Path, $"label {number} at offset {ContentOffset + ((long)i * ElementBytes)}; expected at most {int.MaxValue}");
        }

        return numbers;
    }

    private Int128 Number(ReadOnlySpan<byte> bytes) => (Type[1], ElementBytes) switch
    {
        ('u', 1) => bytes[0],
        ('i', 1) => (sbyte)bytes[0],
        ('u', 2) => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        ('i', 2) => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        ('u', 4) => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        ('i', 4) => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        ('u', _) => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        _ => BinaryPrimitives.ReadInt64LittleEndian(bytes),
    };

    private static NpyFile ReadHeader(string path, FileStream stream)
    {
        Span<byte> start = stackalloc byte[MagicBytes + 4];
        var read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (read < start.Length || start[0] != 0x93 || !start[1..].StartsWith("NUMPY"u8))
        {
            throw new DataFileException(path, $"begins with {Convert.ToHexStringLower(start[..Math.Min(read, 6)])} at offset 0; expected 934e554d5059, a NumPy file");
        }

        var (headerAt, length) = start[6] == 1
            ? (MagicBytes + 2, BinaryPrimitives.ReadUInt16LittleEndian(start[MagicBytes..]))
            : (MagicBytes + 4, BinaryPrimitives.ReadUInt32LittleEndian(start[MagicBytes..]));
        if (length > MostHeader || headerAt + length > stream.Length)
        {
            throw new DataFileException(path, $"promises a header of {length} bytes at offset {MagicBytes}; expected at most {Math.Min(MostHeader, stream.Length - headerAt)}");
        }

        var header = new byte[length];
        stream.Position = headerAt;
        stream.ReadExactly(header);
        return Parse(path, Encoding.Latin1.GetString(header), headerAt + length);
    }

    private static NpyFile Parse(string path, string header, long contentOffset)
    {
        var (type, order, shape) = (TypeOf().Match(header), OrderOf().Match(header), ShapeOf().Match(header));
        if (!type.Success || !order.Success || !shape.Success || order.Groups["value"].Value == "True")
        {
            throw new DataFileException(path, $"has the header {header.Trim()}; expected descr, fortran_order: False and shape");
        }

        int[] dimensions =
        [
            .. shape.Groups["value"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(text =>
                int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var dimension) && dimension > 0
                    ? dimension
                    : throw new DataFileException(path, $"has a dimension of {text}; expected 1 to {int.MaxValue}")),
        ];
        return new NpyFile(path, type.Groups["value"].Value, dimensions, contentOffset);
    }

    [GeneratedRegex("'descr': '(?<value>[^']+)'", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TypeOf();

    [GeneratedRegex("'fortran_order': (?<value>True|False)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OrderOf();

    [GeneratedRegex(@"'shape': \((?<value>[0-9, ]*)\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ShapeOf();
}
