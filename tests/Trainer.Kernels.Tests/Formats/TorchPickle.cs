using System.IO.Compression;
using System.Text;

namespace Trainer.Kernels.Tests.Formats;

/// <summary>Files of torch.save, made by hand.</summary>
internal static class TorchPickle
{
    /// <summary>The pickle of {'w': a tensor of 3 columns} over a storage of six floats.</summary>
    public static byte[] StateDict(int rows = 2, int rowStride = 3, byte offset = 0, string key = "0") =>
    [
        0x80, 2, (byte)'}', .. Text("w"), .. "ctorch._utils\n_rebuild_tensor_v2\n"u8, (byte)'(',
        (byte)'(', .. Text("storage"), .. "ctorch\nFloatStorage\n"u8, .. Text(key), .. Text("cpu"), (byte)'K', 6, (byte)'t', (byte)'Q',
        (byte)'K', offset, (byte)'J', .. BitConverter.GetBytes(rows), (byte)'K', 3, 0x86, (byte)'J', .. BitConverter.GetBytes(rowStride), (byte)'K', 1, 0x86, 0x89,
        .. "ccollections\nOrderedDict\n"u8, (byte)')', (byte)'R', (byte)'t', (byte)'R', (byte)'s', (byte)'.',
    ];

    /// <summary>With the floats 0 to 5 as storage 0.</summary>
    public static string Write(string path, byte[] pickle, CompressionLevel compression = CompressionLevel.NoCompression)
    {
        File.Delete(path);
        using var archive = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach (var (name, bytes) in new[] { ("model/data.pkl", pickle), ("model/data/0", [.. Enumerable.Range(0, 6).SelectMany(i => BitConverter.GetBytes((float)i))]) })
        {
            using var entry = archive.CreateEntry(name, compression).Open();
            entry.Write(bytes);
        }

        return path;
    }

    private static byte[] Text(string text) => [(byte)'X', (byte)text.Length, 0, 0, 0, .. Encoding.UTF8.GetBytes(text)];
}
