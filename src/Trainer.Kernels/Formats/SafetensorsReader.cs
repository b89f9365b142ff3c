using System.Buffers.Binary;
using System.Text.Json;
using Trainer.Kernels.Data;

namespace Trainer.Kernels.Formats;

/// <summary>
/// Reads a safetensors file from anywhere: every length and offset is checked against the file's size before anything is
/// allocated, and tensors must cover the data exactly, without gaps or overlaps, as the reference implementation demands.
/// </summary>
internal sealed class SafetensorsReader
{
    private static readonly Dictionary<string, ElementType> Types = new(StringComparer.Ordinal)
    {
        [Safetensors.Float32] = new(sizeof(float), BinaryPrimitives.ReadSingleLittleEndian),
        [Safetensors.Integer64] = new(sizeof(long), bytes => BinaryPrimitives.ReadInt64LittleEndian(bytes)),
        ["F16"] = new(sizeof(ushort), bytes => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes)),
        ["BF16"] = new(sizeof(ushort), bytes => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadInt16LittleEndian(bytes) << 16)),
    };

    private readonly string _path;
    private readonly FileStream _file;

    private SafetensorsReader(string path, FileStream file) => (_path, _file) = (path, file);

    public static IReadOnlyDictionary<string, (Shape Shape, float[] Values)> Read(string path) => Open(path, reader => reader.Read());

    public static IReadOnlyDictionary<string, Shape> ReadShapes(string path) =>
        Open(path, reader => reader.ReadEntries(out _).ToDictionary(entry => entry.Name, entry => entry.Shape));

    private static T Open<T>(string path, Func<SafetensorsReader, T> read)
    {
        using var file = FileSystem.OpenRegular(path);
        return read(new SafetensorsReader(path, file));
    }

    private Dictionary<string, (Shape Shape, float[] Values)> Read()
    {
        var entries = ReadEntries(out var data);
        return entries.ToDictionary(entry => entry.Name, entry => (entry.Shape, ReadTensor(data + entry.Begin, entry)));
    }

    private List<Entry> ReadEntries(out long data)
    {
        var header = ReadHeader();
        data = Safetensors.LengthBytes + header.Length;
        var entries = ParseHeader(header);
        CheckCover(entries, _file.Length - data);
        return entries;
    }

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

    private List<Entry> ParseHeader(byte[] header)
    {
        try
        {
            using var json = JsonDocument.Parse(header);
            var entries = new List<Entry>();
            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach (var property in json.RootElement.EnumerateObject())
            {
                if (!names.Add(property.Name))
                {
                    throw Refuse($"header at offset {Safetensors.LengthBytes} names tensor '{property.Name}' twice");
                }

                if (property.Name != Safetensors.Metadata)
                {
                    entries.Add(ParseEntry(property));
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

    private Entry ParseEntry(JsonProperty property)
    {
        var dtype = property.Value.GetProperty("dtype").GetString();
        if (dtype is null || !Types.TryGetValue(dtype, out var type))
        {
            throw Refuse(
                $"tensor '{property.Name}' has dtype '{dtype}' in the header at offset {Safetensors.LengthBytes}; expected {string.Join(", ", Types.Keys)}");
        }

        var shape = property.Value.GetProperty("shape").EnumerateArray().Select(dimension => dimension.GetInt32()).ToArray();
        var offsets = property.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64()).ToArray();
        var elements = shape.Aggregate(1.0, (product, dimension) => dimension < 0 ? double.NaN : product * dimension);
        if (offsets is not [var begin, var end] || !(elements * type.Bytes == (double)end - begin) || elements > Array.MaxLength)
        {
            throw Refuse(
                $"tensor '{property.Name}' of shape ({string.Join(",", shape)}) and dtype {dtype} has data_offsets [{string.Join(",", offsets)}] "
                + $"in the header at offset {Safetensors.LengthBytes}; expected {elements * type.Bytes} bytes");
        }

        return new Entry(property.Name, new Shape(shape), type, begin, end);
    }

    private void CheckCover(List<Entry> entries, long length)
    {
        var end = 0L;
        foreach (var entry in entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
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

    private float[] ReadTensor(long offset, Entry entry)
    {
        var bytes = new byte[entry.End - entry.Begin];
        _file.Position = offset;
        _file.ReadExactly(bytes);
        var values = new float[entry.Shape.Elements];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = entry.Type.Read(bytes.AsSpan(i * entry.Type.Bytes));
        }

        return values;
    }

    private DataFileException Refuse(string problem, Exception? inner = null) => new(_path, problem, inner);

    private sealed record Entry(string Name, Shape Shape, ElementType Type, long Begin, long End);

    private sealed record ElementType(int Bytes, Func<ReadOnlySpan<byte>, float> Read);
}
