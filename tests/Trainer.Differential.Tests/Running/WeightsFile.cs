using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Trainer.Differential.Tests.Running;

/// <summary>Writes safetensors files of float32 tensors and 64-bit counts, as any program may that users have weights from.</summary>
internal static class WeightsFile
{
    /// <param name="path">Of the file.</param>
    /// <param name="tensors">Name, dimensions and values, (null: the count).</param>
    /// <param name="count">What each count says.</param>
    public static void Write(string path, IReadOnlyList<(string Name, IReadOnlyList<int> Dimensions, float[]? Values)> tensors, long count)
    {
        var (header, body) = (new JsonObject(), new List<byte>());
        foreach (var (name, dimensions, values) in tensors)
        {
            var begin = body.Count;
            body.AddRange(values is null ? MemoryMarshal.AsBytes([count]) : MemoryMarshal.AsBytes(values.AsSpan()));
            header[name] = new JsonObject
            {
                ["dtype"] = values is null ? "I64" : "F32",
                ["shape"] = new JsonArray([.. dimensions.Select(dimension => (JsonNode)dimension)]),
                ["data_offsets"] = new JsonArray(begin, body.Count),
            };
        }

        var json = JsonSerializer.SerializeToUtf8Bytes(header);
        var length = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        File.WriteAllBytes(path, [.. length, .. json, .. body]);
    }
}
