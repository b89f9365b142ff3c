using System.Buffers.Binary;
using System.Text.Json;
using Trainer.Kernels.Data;

namespace Trainer.Kernels.Formats;

/// <summary>A tensor of a safetensors file, as the header has it.</summary>
/// <param name="Begin">Of the data.</param>
internal sealed record SafetensorsEntry(string Name, Shape Shape, string Dtype, ElementType? Type, long Begin, long End) : TensorEntry(Name, Shape, Dtype, Type);

/// <summary>
/// Reads a safetensors file from anywhere: every length and offset is checked against the file's size before anything is
/// allocated, and tensors must cover the data exactly, without gaps or overlaps, as the reference implementation demands. A tensor that nobody reads may
/// be of any dtype.
/// </summary>
internal sealed class SafetensorsReader : TensorFile
{
    private readonly Dictionary<string, TensorEntry> _entries;
    private readonly long _data;
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);

    /// <exception cref="DataFileException">Not a safetensors file: what and at which offset.</exception>
    public SafetensorsReader(string path, FileStream file)
        : base(path, file)
    {
        var header = ReadHeader();
        _data = Safetensors.LengthBytes + header.Length;
        _entries = ParseHeader(header);
        CheckCover(file.Length - _data);
    }

    /// <summary>Whether a file begins with the length of a header and a brace. The length alone may look like another format: 640 is what a pickle begins with.</summary>
    public static bool IsStart(ReadOnlySpan<byte> start) => start is [_, _, _, _, 0, 0, 0, 0, (byte)'{', ..];

    public override IReadOnlyDictionary<string, TensorEntry> Entries => _entries;

    /// <summary>Words that the file has beside its tensors.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <exception cref="DataFileException">Not a safetensors file: what and at which offset.</exception>
    public static new SafetensorsReader Open(string path)
    {
        var file = FileSystem.OpenRegular(path);
        try
        {
            return new SafetensorsReader(path, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private byte[] ReadHeader()
    {
        Span<byte> prefix = stackalloc byte[Safetensors.LengthBytes];
        if (File.ReadAtLeast(prefix, prefix.Length, throwOnEndOfStream: false) < prefix.Length)
        {
            throw Refuse($"ends at offset {File.Length}; expected a header length of {Safetensors.LengthBytes} bytes at offset 0");
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        var available = (ulong)(File.Length - Safetensors.LengthBytes);
        if (length > available || length > (ulong)Array.MaxLength)
        {
            throw Refuse(FileKind.Of(prefix) is { } kind
                ? $"is {kind}; expected safetensors"
                : $"header length {length} at offset 0; the file has {available} bytes behind it");
        }

        var header = new byte[length];
        File.ReadExactly(header);
        return header;
    }

    private Dictionary<string, TensorEntry> ParseHeader(byte[] header)
    {
        try
        {
            using var json = JsonDocument.Parse(header);
            var entries = new Dictionary<string, TensorEntry>(StringComparer.Ordinal);
            foreach (var property in json.RootElement.EnumerateObject())
            {
                if (property.Name == Safetensors.Metadata)
                {
                    ParseMetadata(property.Value);
                }
                else if (!entries.TryAdd(property.Name, ParseEntry(property)))
                {
                    throw Refuse($"header at offset {Safetensors.LengthBytes} names tensor '{property.Name}' twice");
                }
            }

            return entries;
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            var place = broken is JsonException { BytePositionInLine: { } position, LineNumber: 0 } ? position : 0;
            throw Refuse($"header at offset {Safetensors.LengthBytes + place} is not what safetensors has: {broken.Message}", broken);
        }
    }

    private void ParseMetadata(JsonElement words)
    {
        if (words.ValueKind == JsonValueKind.Object) // Whatever else it is, the tensors can be read.
        {
            foreach (var word in words.EnumerateObject().Where(word => word.Value.ValueKind == JsonValueKind.String))
            {
                _metadata[word.Name] = word.Value.GetString()!;
            }
        }
    }

    private SafetensorsEntry ParseEntry(JsonProperty property)
    {
        var dtype = property.Value.GetProperty("dtype").GetString() ?? "null";
        var shape = property.Value.GetProperty("shape").EnumerateArray().Select(dimension => dimension.GetInt32()).ToArray();
        var offsets = property.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64()).ToArray();
        var (type, place) = (ElementType.Of(dtype), $"in the header at offset {Safetensors.LengthBytes}");
        if (shape.Any(dimension => dimension < 0))
        {
            throw Refuse($"tensor '{property.Name}' has shape ({string.Join(",", shape)}) {place}; expected dimensions of at least 0");
        }

        var elements = shape.Aggregate(1.0, (product, dimension) => product * dimension);
        var fits = offsets is [var begin, var end] && begin <= end && (type is null || (elements * type.Bytes == (double)end - begin && elements <= Array.MaxLength));
        return fits
            ? new SafetensorsEntry(property.Name, new Shape(shape), dtype, type, offsets[0], offsets[1])
            : throw Refuse(
                $"tensor '{property.Name}' of shape ({string.Join(",", shape)}) and dtype {dtype} has data_offsets [{string.Join(",", offsets)}] "
                + $"{place}; expected {(type is null ? "a first and a last" : $"{elements * type.Bytes} bytes")}");
    }

    private void CheckCover(long length)
    {
        var end = 0L;
        foreach (var entry in _entries.Values.Cast<SafetensorsEntry>().OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            if (entry.Begin != end)
            {
                throw Refuse($"tensor '{entry.Name}' starts at {entry.Begin} of the data; expected {end}, where the one before it ends");
            }

            end = entry.End;
        }

        if (end != length)
        {
            throw Refuse($"tensors end at {end} of the data; the file has {length} bytes of it, up to offset {File.Length}");
        }
    }

    protected override byte[] ReadBytes(TensorEntry entry)
    {
        var place = (SafetensorsEntry)entry;
        var bytes = new byte[place.End - place.Begin];
        File.Position = _data + place.Begin;
        File.ReadExactly(bytes);
        return bytes;
    }
}
