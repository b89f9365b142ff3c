using System.Buffers.Binary;
using System.Text.Json;
using Trainer.Kernels.Data;

namespace Trainer.Kernels.Formats;

/// <summary>A tensor of a safetensors file, as the header has it.</summary>
/// <param name="Type">Null: elements of this dtype cannot be read.</param>
/// <param name="Begin">Of the data.</param>
internal sealed record SafetensorsEntry(string Name, Shape Shape, string Dtype, ElementType? Type, long Begin, long End);

/// <summary>
/// Reads a safetensors file from anywhere: every length and offset is checked against the file's size before anything is
/// allocated, and tensors must cover the data exactly, without gaps or overlaps, as the reference implementation demands. A tensor that nobody reads may
/// be of any dtype.
/// </summary>
internal sealed class SafetensorsReader : IDisposable
{
    private readonly string _path;
    private readonly FileStream _file;
    private readonly long _data;

    private SafetensorsReader(string path, FileStream file)
    {
        (_path, _file) = (path, file);
        var header = ReadHeader();
        _data = Safetensors.LengthBytes + header.Length;
        Entries = ParseHeader(header);
        CheckCover(_file.Length - _data);
    }

    public IReadOnlyDictionary<string, SafetensorsEntry> Entries { get; }

    /// <exception cref="DataFileException">Not a safetensors file: what and at which offset.</exception>
    public static SafetensorsReader Open(string path)
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

    /// <summary>The elements of a tensor as float32, rounded to nearest where they have more bits.</summary>
    /// <exception cref="DataFileException">Its dtype cannot be read.</exception>
    public float[] Read(string name)
    {
        var (entry, bytes) = (Entries[name], ReadBytes(name));
        var type = TypeOf(entry);
        var values = new float[entry.Shape.Elements];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = type.Real(bytes.AsSpan(i * type.Bytes));
        }

        return values;
    }

    /// <summary>The one element of a tensor that counts something.</summary>
    /// <exception cref="DataFileException">It is no whole number, or there are several.</exception>
    public long ReadCount(string name)
    {
        var entry = Entries[name];
        return entry is { Type.Whole: { } whole, Shape.Elements: 1 }
            ? whole(ReadBytes(name))
            : throw Refuse($"tensor '{name}' has dtype {entry.Dtype} and shape {entry.Shape}; expected one whole number (I64)");
    }

    public void Dispose() => _file.Dispose();

    /// <exception cref="DataFileException">There is none.</exception>
    public ElementType TypeOf(SafetensorsEntry entry) =>
        entry.Type ?? throw Refuse($"tensor '{entry.Name}' has dtype '{entry.Dtype}'; expected {string.Join(", ", ElementType.Names)}");

    private byte[] ReadHeader()
    {
        Span<byte> prefix = stackalloc byte[Safetensors.LengthBytes];
        if (_file.ReadAtLeast(prefix, prefix.Length, throwOnEndOfStream: false) < prefix.Length)
        {
            throw Refuse($"ends at offset {_file.Length}; expected a header length of {Safetensors.LengthBytes} bytes at offset 0");
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        var available = (ulong)(_file.Length - Safetensors.LengthBytes);
        if (length > available || length > (ulong)Array.MaxLength)
        {
            throw Refuse(FileKind.Of(prefix) is { } kind
                ? $"is {kind}; expected safetensors"
                : $"header length {length} at offset 0; the file has {available} bytes behind it");
        }

        var header = new byte[length];
        _file.ReadExactly(header);
        return header;
    }

    private Dictionary<string, SafetensorsEntry> ParseHeader(byte[] header)
    {
        try
        {
            using var json = JsonDocument.Parse(header);
            var entries = new Dictionary<string, SafetensorsEntry>(StringComparer.Ordinal);
            foreach (var property in json.RootElement.EnumerateObject())
            {
                if (property.Name != Safetensors.Metadata && !entries.TryAdd(property.Name, ParseEntry(property)))
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
        foreach (var entry in Entries.Values.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            if (entry.Begin != end)
            {
                throw Refuse($"tensor '{entry.Name}' starts at {entry.Begin} of the data; expected {end}, where the one before it ends");
            }

            end = entry.End;
        }

        if (end != length)
        {
            throw Refuse($"tensors end at {end} of the data; the file has {length} bytes of it, up to offset {_file.Length}");
        }
    }

    private byte[] ReadBytes(string name)
    {
        var entry = Entries[name];
        var bytes = new byte[entry.End - entry.Begin];
        _file.Position = _data + entry.Begin;
        _file.ReadExactly(bytes);
        return bytes;
    }

    private DataFileException Refuse(string problem, Exception? inner = null) => new(_path, problem, inner);
}
