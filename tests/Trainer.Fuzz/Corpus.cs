using System.IO.Compression;

namespace Trainer.Fuzz;

/// <summary>The inputs that are kept from one time to the next: an archive for each target.</summary>
public static class Corpus
{
    private static readonly DateTimeOffset Always = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static string PathOf(string folder, string target) => Path.Combine(folder, $"{target}.zip");

    public static IReadOnlyList<byte[]> Load(string folder, string target)
    {
        if (!File.Exists(PathOf(folder, target)))
        {
            return [];
        }

        using var archive = ZipFile.OpenRead(PathOf(folder, target));
        return [.. archive.Entries.Select(Content)];
    }

    public static void Save(string folder, string target, IReadOnlyList<byte[]> inputs)
    {
        Directory.CreateDirectory(folder);
        using var archive = new ZipArchive(File.Create(PathOf(folder, target)), ZipArchiveMode.Create);
        for (var i = 0; i < inputs.Count; i++)
        {
            var entry = archive.CreateEntry($"{i:0000}", CompressionLevel.SmallestSize);
            entry.LastWriteTime = Always;
            using var content = entry.Open();
            content.Write(inputs[i]);
        }
    }

    private static byte[] Content(ZipArchiveEntry entry)
    {
        using var content = entry.Open();
        using var bytes = new MemoryStream();
        content.CopyTo(bytes);
        return bytes.ToArray();
    }
}
