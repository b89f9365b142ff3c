using System.Text;

namespace Trainer.Hosting.Artifacts;

/// <summary>
/// Appends lines to files that grow, each of which begins with one head. Nobody else writes them. A long file has a successor, so that a store which cannot append writes little again.
/// </summary>
/// <param name="keyOf">The file's key, by its number, from 1.</param>
/// <param name="head">The first line of each.</param>
public sealed class RollingLog(IArtifactStore artifacts, Func<int, string> keyOf, string head)
{
    /// <summary>Half a megabyte or some.</summary>
    public const int MostLines = 16_384;

    private IArtifactLog? _log;
    private int _part;
    private int _lines;

    public IArtifactStore Artifacts => artifacts;

    /// <summary>All of them, or none as far as readers see: what a failed attempt left is cut off by the next.</summary>
    /// <exception cref="IOException">The store.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public void Append(IReadOnlyCollection<string> lines)
    {
        var text = new StringBuilder();
        if (_log is null || _lines >= MostLines)
        {
            (_log, _lines) = (artifacts.OpenLog(keyOf(++_part)), 0);
        }

        if (_lines == 0)
        {
            text.Append(head).Append('\n');
        }

        foreach (var line in lines)
        {
            text.Append(line).Append('\n');
        }

        _log.Append(Encoding.ASCII.GetBytes(text.ToString()));
        _lines += lines.Count;
    }
}
