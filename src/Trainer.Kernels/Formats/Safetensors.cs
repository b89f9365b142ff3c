using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Trainer.Kernels.Data;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Formats;

/// <summary>The safetensors format (github.com/huggingface/safetensors): 8 bytes header length, JSON header, raw little-endian tensors.</summary>
public static class Safetensors
{
    internal const int LengthBytes = 8;
    internal const string Float32 = "F32";
    internal const string Integer64 = "I64";
    internal const string Metadata = "__metadata__";

    /// <summary>What the file of an optimizer's state says where the weights beside it are an average, to which it does not belong.</summary>
    internal const string Averaged = "averaged";
    internal const string True = "true";

    /// <summary>
    /// Writes parameters and running statistics with torch.nn's names and layouts, atomically (temporary file, fsync, rename);
    /// returns the file's SHA-256 in lower-case hex. The bytes are a function of the arguments alone. Tensors lie by the size of their elements, largest
    /// first, then by name, as the format's Python package writes them: so each is aligned.
    /// </summary>
    /// <param name="path">A file there is replaced.</param>
    /// <param name="layout">What lies where in <paramref name="weights"/>.</param>
    /// <param name="weights">The flat buffer.</param>
    /// <param name="batches">What each num_batches_tracked is, by its name; null: 0.</param>
    /// <param name="facts">Null: the file says nothing beside the weights.</param>
    public static string WriteWeights(string path, ParameterLayout layout, ReadOnlySpan<float> weights, Func<string, long>? batches = null, ArtifactFacts? facts = null)
    {
        using var file = new AtomicFile(path);
        var sum = WriteWeights(file.Stream, layout, weights, batches, facts);
        file.Commit();
        return sum;
    }

    /// <summary>As the other, to a stream.</summary>
    public static string WriteWeights(Stream to, ParameterLayout layout, ReadOnlySpan<float> weights, Func<string, long>? batches = null, ArtifactFacts? facts = null)
    {
        if (weights.Length != layout.Elements)
        {
            throw new ArgumentException($"{weights.Length} weights for a layout of {layout.Elements} elements.", nameof(weights));
        }

        return Write(to, layout.StateDict.Select(entry => entry.Slot is { } slot ? Item.Of(entry.Name, slot, 0) : Item.Of(entry.Name, batches?.Invoke(entry.Name) ?? 0)), weights, facts?.ToMetadata());
    }

    /// <summary>As <see cref="WriteWeights(string, ParameterLayout, ReadOnlySpan{float}, Func{string, long}, ArtifactFacts)"/>, of an optimizer's state: per parameter what torch.optim calls it (<c>0.weight.exp_avg</c>), and the number of steps.</summary>
    /// <param name="path">A file there is replaced.</param>
    /// <param name="layout">What lies where in each buffer of <paramref name="state"/>.</param>
    /// <param name="names">Of the buffers, which lie one behind another: <c>momentum_buffer</c>, or <c>exp_avg</c> and <c>exp_avg_sq</c>.</param>
    /// <param name="state">As long as names times the layout.</param>
    /// <param name="step">Steps taken.</param>
    /// <param name="averaged">Whether the weights that go with the file are an average of those that were trained: then nobody can go on with both.</param>
    public static string WriteOptimizer(string path, ParameterLayout layout, IReadOnlyList<string> names, ReadOnlySpan<float> state, long step, bool averaged = false)
    {
        using var file = new AtomicFile(path);
        var sum = WriteOptimizer(file.Stream, layout, names, state, step, averaged);
        file.Commit();
        return sum;
    }

    /// <summary>As the other, to a stream.</summary>
    public static string WriteOptimizer(Stream to, ParameterLayout layout, IReadOnlyList<string> names, ReadOnlySpan<float> state, long step, bool averaged = false)
    {
        if (state.Length != (long)names.Count * layout.Elements)
        {
            throw new ArgumentException($"{state.Length} elements of {names.Count} buffers for a layout of {layout.Elements} elements.", nameof(state));
        }

        var items = layout.StateDict
            .Where(entry => entry.Slot is { Kind: SlotKind.Parameter })
            .SelectMany(entry => names.Select((name, i) => Item.Of($"{entry.Name}.{name}", entry.Slot!, i * layout.Elements)));
        return Write(to, items.Append(Item.Of("step", step)), state, averaged ? new Dictionary<string, string> { [Averaged] = True } : null);
    }

    /// <summary>Writes one tensor of float32.</summary>
    public static void WriteTensor(Stream to, string name, Shape shape, ReadOnlySpan<float> values)
    {
        if (values.Length != shape.Elements)
        {
            throw new ArgumentException($"{values.Length} values for a tensor of the shape {shape}.", nameof(values));
        }

        Write(to, [new Item(name, shape, 0, 0)], values, words: null);
    }

    /// <summary>The tensors of a file by name, as float32: floats of other sizes are rounded to nearest, integers likewise.</summary>
    /// <exception cref="DataFileException">Not a safetensors file: what and at which offset; or a tensor of another dtype.</exception>
    public static IReadOnlyDictionary<string, (Shape Shape, float[] Values)> Read(string path)
    {
        using var file = SafetensorsReader.Open(path);
        return file.Entries.Values.ToDictionary(entry => entry.Name, entry => (entry.Shape, file.Read(entry.Name)));
    }

    private static string Write(Stream to, IEnumerable<Item> content, ReadOnlySpan<float> values, IReadOnlyDictionary<string, string>? words)
    {
        List<Item> items = [.. content.OrderByDescending(item => item.ElementBytes).ThenBy(item => item.Name, StringComparer.Ordinal)];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> counted = stackalloc byte[sizeof(long)];
        Append(Header(items, words));
        foreach (var item in items)
        {
            BinaryPrimitives.WriteInt64LittleEndian(counted, item.Count);
            Append(item.Shape is { } shape ? LittleEndian(values.Slice(item.Offset, (int)shape.Elements)) : counted);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Append(ReadOnlySpan<byte> bytes)
        {
            hash.AppendData(bytes);
            to.Write(bytes);
        }
    }

    /// <summary>Length and JSON, padded with spaces so that the tensors start at a multiple of 8.</summary>
    private static byte[] Header(IReadOnlyList<Item> items, IReadOnlyDictionary<string, string>? words)
    {
        using var stream = new MemoryStream();
        stream.SetLength(LengthBytes);
        stream.Position = LengthBytes;
        using (var json = new Utf8JsonWriter(stream))
        {
            WriteJson(json, items, words);
        }

        while (stream.Length % LengthBytes != 0)
        {
            stream.WriteByte((byte)' ');
        }

        var header = stream.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - LengthBytes);
        return header;
    }

    private static void WriteJson(Utf8JsonWriter json, IReadOnlyList<Item> items, IReadOnlyDictionary<string, string>? words)
    {
        json.WriteStartObject();
        json.WriteStartObject(Metadata);
        json.WriteString("format", "pt");
        foreach (var (name, value) in words ?? new Dictionary<string, string>())
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        var offset = 0L;
        foreach (var item in items)
        {
            var bytes = (item.Shape?.Elements ?? 1) * item.ElementBytes;
            json.WriteStartObject(item.Name);
            json.WriteString("dtype", item.Shape is null ? Integer64 : Float32);
            WriteNumbers(json, "shape", item.Shape?.Dimensions.Select(dimension => (long)dimension) ?? []);
            WriteNumbers(json, "data_offsets", [offset, offset += bytes]);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IEnumerable<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }

    private static ReadOnlySpan<byte> LittleEndian(ReadOnlySpan<float> values)
    {
        if (BitConverter.IsLittleEndian)
        {
            return MemoryMarshal.AsBytes(values);
        }

        var bytes = new byte[values.Length * sizeof(float)];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), values[i]);
        }

        return bytes;
    }

    /// <summary>A tensor of the file.</summary>
    /// <param name="Shape">Null: one 64-bit integer.</param>
    /// <param name="Offset">First element in the flat buffer.</param>
    /// <param name="Count">The integer.</param>
    private sealed record Item(string Name, Shape? Shape, int Offset, long Count)
    {
        public int ElementBytes => Shape is null ? sizeof(long) : sizeof(float);

        public static Item Of(string name, ParameterSlot slot, int buffer) => new(name, slot.Shape, buffer + slot.Offset, 0);

        public static Item Of(string name, long count) => new(name, null, 0, count);
    }
}
