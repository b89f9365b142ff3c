using System.Text;
using Trainer.Hosting.Artifacts;

namespace Trainer.Hosting.Hashes;

/// <summary>A hash as recorded, and by which generation.</summary>
public readonly record struct RecordedHash(StepHash Hash, HashOrigin Origin);

/// <summary>
/// The step hashes of a job: <c>hashes/TERM.NUMBER.txt</c> beside its artifacts, a file for each generation, and <c>TERM.NUMBER-2.txt</c> ... where it is long
/// (see <see cref="HashLines"/>).
/// </summary>
public static class StepHashFiles
{
    private const string Folder = "hashes";
    private const string Extension = ".txt";
    private const int LongestLine = 128;
    private const int LongestHead = 1024;

    /// <summary>Where they are.</summary>
    public static string In(IArtifactStore artifacts) => artifacts.LocationOf(Folder);

    /// <summary>What is recorded, by item. Where two generations computed an item, as after a loss, the later one's counts. Lines that are not whole are left out, as if they were not there.</summary>
    /// <exception cref="IOException">The store.</exception>
    public static IReadOnlyDictionary<ulong, RecordedHash> Read(IArtifactStore artifacts)
    {
        var byItem = new Dictionary<ulong, RecordedHash>();
        foreach (var (origin, lines) in Files(artifacts).Select(file => Open(artifacts, file)).OfType<(HashOrigin Origin, IEnumerable<string> Lines)>().OrderBy(file => file.Origin.Order))
        {
            foreach (var hash in lines.Select(line => HashLines.Read(origin, line)).OfType<StepHash>())
            {
                byItem[hash.Item] = new RecordedHash(hash, origin);
            }
        }

        return byItem;
    }

    /// <summary>The highest item that a generation has recorded last; 0: none. Looks at the ends of the files alone.</summary>
    /// <exception cref="IOException">The store.</exception>
    public static ulong LastItem(IArtifactStore artifacts) => Files(artifacts).Select(file => LastItemOf(artifacts, file)).DefaultIfEmpty().Max();

    /// <param name="part">From 1.</param>
    internal static string KeyOf(HashOrigin origin, int part) => $"{Folder}/{origin.Term}.{origin.Number}{(part > 1 ? $"-{part}" : "")}{Extension}";

    private static IEnumerable<ArtifactFile> Files(IArtifactStore artifacts) => artifacts.List(Folder).Where(file => file.Key.EndsWith(Extension, StringComparison.Ordinal));

    private static (HashOrigin, IEnumerable<string>)? Open(IArtifactStore artifacts, ArtifactFile file)
    {
        using var content = artifacts.Open(file.Key);
        if (content is null)
        {
            return null;
        }

        using var text = new StreamReader(content.Stream, Encoding.ASCII);
        return text.ReadLine() is { } head && HashLines.ReadHead(head) is { } origin ? (origin, text.ReadToEnd().Split('\n')) : null;
    }

    private static ulong LastItemOf(IArtifactStore artifacts, ArtifactFile file)
    {
        if (HashLines.ReadHead(Text(artifacts, file, 0, LongestHead).Split('\n')[0]) is not { } origin)
        {
            return 0;
        }

        var end = Text(artifacts, file, Math.Max(0, file.Bytes - (2 * LongestLine)), int.MaxValue);
        return end.Split('\n').Select(line => HashLines.Read(origin, line)?.Item ?? 0).DefaultIfEmpty().Max();
    }

    private static string Text(IArtifactStore artifacts, ArtifactFile file, long offset, int most)
    {
        using var content = artifacts.Open(file.Key, offset);
        if (content is null)
        {
            return "";
        }

        var bytes = new byte[Math.Min(most, Math.Max(0, content.File.Bytes - offset))];
        return Encoding.ASCII.GetString(bytes, 0, content.Stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
    }
}
