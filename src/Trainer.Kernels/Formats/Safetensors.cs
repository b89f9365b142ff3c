using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Trainer.Kernels.Data;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Formats;

/// <summary>The safetensors format (github.com/huggingface/safetensors): 8 bytes header length, JSON header, raw little-endian tensors.</summary>
public static class Safetensors
{
    internal const int LengthBytes = 8;
    internal const string Float32 = "F32";
    internal const string Metadata = "__metadata__";

    /// <summary>
    /// Writes the parameters in layer order with torch.nn's names and layouts, atomically (temporary file, fsync, rename);
    /// returns the file's SHA-256 in lower-case hex. The bytes are a function of layout and weights alone.
    /// </summary>
    public static string WriteWeights(string path, ParameterLayout layout, ReadOnlySpan<float> weights)
    {
        if (weights.Length != layout.Elements)
        {
            throw new ArgumentException($"{weights.Length} weights for a layout of {layout.Elements} elements.", nameof(weights));
        }

        using var file = new AtomicFile(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var slots = layout.Slots.Reverse().ToList();
        Append(Header(slots));
        foreach (var slot in slots)
        {
            Append(LittleEndian(weights.Slice(slot.Offset, slot.Elements)));
        }

        file.Commit();
        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Append(ReadOnlySpan<byte> bytes)
        {
            hash.AppendData(bytes);
            file.Stream.Write(bytes);
        }
    }

    /// <summary>The tensors of a file by name.</summary>
    /// <exception cref="DataFileException">Not a safetensors file: what and at which offset.</exception>
    public static IReadOnlyDictionary<string, (Shape Shape, float[] Values)> Read(string path) => SafetensorsReader.Read(path);

    /// <summary>Length and JSON, padded with spaces so that the tensors start at a multiple of 8.</summary>
    private static byte[] Header(IReadOnlyList<ParameterSlot> slots)
    {
        using var stream = new MemoryStream();
        stream.SetLength(LengthBytes);
        stream.Position = LengthBytes;
        using (var json = new Utf8JsonWriter(stream))
        {
            WriteJson(json, slots);
        }

        while (stream.Length % LengthBytes != 0)
        {
            stream.WriteByte((byte)' ');
        }

        var header = stream.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - LengthBytes);
        return header;
    }

    private static void WriteJson(Utf8JsonWriter json, IReadOnlyList<ParameterSlot> slots)
    {
        json.WriteStartObject();
        json.WriteStartObject(Metadata);
        json.WriteString("format", "pt");
        json.WriteEndObject();
        var offset = 0L;
        foreach (var slot in slots)
        {
            json.WriteStartObject(slot.Name);
            json.WriteString("dtype", Float32);
            WriteNumbers(json, "shape", slot.Shape.Dimensions.Select(dimension => (long)dimension));
            WriteNumbers(json, "data_offsets", [offset, offset += (long)slot.Elements * sizeof(float)]);
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
}
