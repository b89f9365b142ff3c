using System.Globalization;
using System.Text;
using Trainer.Hosting.Artifacts;

namespace Trainer.Hosting.Steps;

/// <summary>
/// What the steps of a job came to: <c>steps/TERM.NUMBER.csv</c> beside its artifacts, a file for each generation, and <c>TERM.NUMBER-2.csv</c> ... where it is long
/// (see <see cref="StepLines"/>).
/// </summary>
public static class StepFiles
{
    private const string Folder = "steps";
    private const string Extension = ".csv";
    internal const int LongestLine = 512;

    /// <summary>A file, and where the generation that wrote it stands among the others.</summary>
    internal sealed record Place(ArtifactFile File, ulong Term, ulong Number, int Part);

    /// <summary>
    /// The steps on record, in order. Where two generations computed a step, as after all workers were lost, the later one's counts. Lines that are not whole are left out.
    /// </summary>
    /// <param name="last">Included.</param>
    /// <exception cref="IOException">The store.</exception>
    public static IEnumerable<StepRecord> Read(IArtifactStore artifacts, ulong first = 0, ulong last = ulong.MaxValue)
    {
        foreach (var (file, end, _) in Stretches(artifacts, first, last))
        {
            var wanted = Lines(artifacts, file).SkipWhile(line => NumberOf(line) < first).Select(StepLines.Read);
            foreach (var record in wanted.OfType<StepRecord>().TakeWhile(record => record.Step <= end))
            {
                yield return record;
            }
        }
    }

    /// <summary>The highest step on record; 0: none. Looks at the ends of the files alone.</summary>
    /// <exception cref="IOException">The store.</exception>
    public static ulong LastStep(IArtifactStore artifacts) => Files(artifacts).Select(place => LastStepOf(artifacts, place.File)).DefaultIfEmpty().Max();

    /// <param name="part">From 1.</param>
    internal static string KeyOf(ulong term, ulong number, int part) => $"{Folder}/{term}.{number}{(part > 1 ? $"-{part}" : "")}{Extension}";

    internal static IEnumerable<Place> Files(IArtifactStore artifacts) =>
        artifacts.List(Folder).Select(PlaceOf).OfType<Place>().OrderBy(place => (place.Term, place.Number, place.Part));

    /// <summary>The files that have steps of a range, in order, the last step of each that counts, and whether it is the last file: what a later file begins with, and all behind it, is its own.</summary>
    internal static IEnumerable<(ArtifactFile File, ulong End, bool IsLast)> Stretches(IArtifactStore artifacts, ulong first, ulong last)
    {
        var files = Files(artifacts).Select(place => (place.File, First: FirstStepOf(artifacts, place.File))).Where(file => file.First > 0).ToList();
        for (var i = 0; i < files.Count; i++)
        {
            var end = files.Skip(i + 1).Select(later => later.First - 1).Append(last).Min();
            if (end >= first && files[i].First <= end)
            {
                yield return (files[i].File, end, i == files.Count - 1);
            }
        }
    }

    private static Place? PlaceOf(ArtifactFile file)
    {
        if (!file.Key.EndsWith(Extension, StringComparison.Ordinal))
        {
            return null;
        }

        var (name, part) = file.Key[(Folder.Length + 1)..^Extension.Length].Split('-') switch
        {
            [var one] => (one, "1"),
            [var one, var number] => (one, number),
            _ => ("", ""),
        };
        return name.Split('.') is [var term, var generation] && ulong.TryParse(term, CultureInfo.InvariantCulture, out var t)
            && ulong.TryParse(generation, CultureInfo.InvariantCulture, out var n) && int.TryParse(part, CultureInfo.InvariantCulture, out var p)
            ? new Place(file, t, n, p)
            : null;
    }

    private static IEnumerable<string> Lines(IArtifactStore artifacts, ArtifactFile file)
    {
        using var content = artifacts.Open(file.Key);
        if (content is null)
        {
            yield break;
        }

        using var text = new StreamReader(content.Stream, Encoding.ASCII);
        while (text.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    // Much quicker than to read the line: whoever follows a long record passes most of it over. 0: it has none.
    private static ulong NumberOf(string line) => ulong.TryParse(line.AsSpan(0, Math.Max(line.IndexOf(','), 0)), CultureInfo.InvariantCulture, out var step) ? step : 0;

    private static ulong FirstStepOf(IArtifactStore artifacts, ArtifactFile file) => Lines(artifacts, file).Select(StepLines.Read).OfType<StepRecord>().FirstOrDefault().Step;

    private static ulong LastStepOf(IArtifactStore artifacts, ArtifactFile file)
    {
        using var content = artifacts.Open(file.Key, Math.Max(0, file.Bytes - (2 * LongestLine)));
        if (content is null)
        {
            return 0;
        }

        using var text = new StreamReader(content.Stream, Encoding.ASCII);
        return text.ReadToEnd().Split('\n').Select(line => StepLines.Read(line)?.Step ?? 0).DefaultIfEmpty().Max();
    }
}
