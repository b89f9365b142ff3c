using System.Text;

namespace Trainer.Hosting.Hashes;

/// <summary>A hash as recorded, and by which generation.</summary>
public readonly record struct RecordedHash(StepHash Hash, HashOrigin Origin);

/// <summary>The step hashes of a job on disk: <c>hashes/TERM.NUMBER.txt</c> in its folder, a file for each generation (see <see cref="HashLines"/>).</summary>
public static class StepHashFolder
{
    internal const string Extension = ".txt";
    private const int LongestLine = 128;

    /// <param name="artifacts">The job's folder.</param>
    public static string In(string artifacts) => Path.Combine(artifacts, "hashes");

    /// <summary>What is recorded, by item. Where two generations computed an item, as after a loss, the later one's counts. Lines that are not whole are left out, as if they were not there.</summary>
    /// <exception cref="IOException">The disk.</exception>
    public static IReadOnlyDictionary<ulong, RecordedHash> Read(string artifacts)
    {
        var byItem = new Dictionary<ulong, RecordedHash>();
        foreach (var (origin, lines) in Files(artifacts).Select(Open).OfType<(HashOrigin Origin, IEnumerable<string> Lines)>().OrderBy(file => file.Origin.Order))
        {
            foreach (var hash in lines.Select(line => HashLines.Read(origin, line)).OfType<StepHash>())
            {
                byItem[hash.Item] = new RecordedHash(hash, origin);
            }
        }

        return byItem;
    }

    /// <summary>The highest item that a generation has recorded last; 0: none. Looks at the ends of the files alone.</summary>
    /// <exception cref="IOException">The disk.</exception>
    public static ulong LastItem(string artifacts) => Files(artifacts).Select(LastItemOf).DefaultIfEmpty().Max();

    private static string[] Files(string artifacts) =>
        Directory.Exists(In(artifacts)) ? Directory.GetFiles(In(artifacts), "*" + Extension) : [];

    private static (HashOrigin, IEnumerable<string>)? Open(string path)
    {
        var lines = File.ReadAllLines(path);
        return lines.Length > 0 && HashLines.ReadHead(lines[0]) is { } origin ? (origin, lines.Skip(1)) : null;
    }

    private static ulong LastItemOf(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        if (ReadLine(file) is not { } head || HashLines.ReadHead(head) is not { } origin)
        {
            return 0;
        }

        file.Position = Math.Max(file.Position, file.Length - (2 * LongestLine));
        using var end = new StreamReader(file, Encoding.ASCII);
        return end.ReadToEnd().Split('\n').Select(line => HashLines.Read(origin, line)?.Item ?? 0).DefaultIfEmpty().Max();
    }

    // To behind its end, so that the position tells where the next one begins.
    private static string? ReadLine(FileStream file)
    {
        var line = new StringBuilder();
        for (var next = file.ReadByte(); next >= 0; next = file.ReadByte())
        {
            if (next == '\n')
            {
                return line.ToString();
            }

            line.Append((char)next);
        }

        return null;
    }
}
