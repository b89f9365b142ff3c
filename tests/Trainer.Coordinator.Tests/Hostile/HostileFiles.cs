using System.IO.Compression;
using System.Text;

namespace Trainer.Coordinator.Tests.Hostile;

/// <summary>Data files and job files to be spoilt.</summary>
internal static class HostileFiles
{
    /// <summary>A million images, which are zeros.</summary>
    public static byte[] GzipBomb(int megabytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write([0, 0, 8, 3, 0, 0x0F, 0x42, 0x40, 0, 0, 0, 28, 0, 0, 0, 28]);
            var zeros = new byte[1 << 20];
            for (var i = 0; i < megabytes; i++)
            {
                gzip.Write(zeros);
            }
        }

        return packed.ToArray();
    }

    public static byte[] Gzip(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(content);
        }

        return packed.ToArray();
    }

    /// <summary>Job files that are hostile as they are.</summary>
    public static IEnumerable<byte[]> JobFiles(byte[] right)
    {
        var text = Encoding.UTF8.GetString(right);
        yield return [];
        yield return Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes(text)).ToArray();
        yield return Encoding.BigEndianUnicode.GetPreamble().Concat(Encoding.BigEndianUnicode.GetBytes(text)).ToArray();
        yield return Encoding.UTF32.GetPreamble().Concat(Encoding.UTF32.GetBytes(text)).ToArray();
        yield return Encoding.UTF8.GetPreamble().Concat(right).ToArray();
        yield return Encoding.UTF8.GetBytes($"{text}\n---\n{text}\n...\n---\n{text}");
        yield return Encoding.UTF8.GetBytes("a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c]\ne: [*d, *d, *d, *d, *d, *d]\n");
        yield return Encoding.UTF8.GetBytes("a: &a\n  b: *a\n");
        yield return Encoding.UTF8.GetBytes(new string('[', 100_000));
        yield return Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{a: ", 100_000)));
        yield return Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 50_000).Select(i => $"k{i}: {i}\n")));
        yield return Encoding.UTF8.GetBytes($"name: \"{new string('x', 900_000)}\"\n");
        yield return Encoding.UTF8.GetBytes($"training: {{epochs: {new string('9', 100_000)}}}\n");
        yield return Encoding.UTF8.GetBytes("!!python/object/apply:os.system [reboot]\n");
        yield return Encoding.UTF8.GetBytes("? [a, b]\n: c\n<<: {x: 1}\n");
        yield return Encoding.UTF8.GetBytes("model:\n  layers:\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"{new string(' ', 4 + (4 * i))}- sequential:\n{new string(' ', 8 + (4 * i))}layers:\n")));
        yield return Encoding.UTF8.GetBytes("model: {layers: [{repeat: {times: 1000, layers: [{repeat: {times: 1000, layers: [{repeat: {times: 1000, layers: [{relu: {}}]}}]}}]}}]}\n");
        yield return [0xC3, 0x28, 0xFF, 0xFE, 0x00, 0x80];
    }
}
