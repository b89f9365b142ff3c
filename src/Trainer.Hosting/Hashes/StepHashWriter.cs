using System.Text;
using Trainer.Hosting.Artifacts;

namespace Trainer.Hosting.Hashes;

/// <summary>
/// Appends the hashes of one generation to its files. Nobody else writes them: a generation has one first member, in one life of its process. A long file has a successor, so
/// that a store which cannot append writes little again.
/// </summary>
/// <param name="artifacts">The job's.</param>
public sealed class StepHashWriter(IArtifactStore artifacts, HashOrigin origin)
{
    /// <summary>Half a megabyte or so.</summary>
    internal const int MostLines = 16_384;

    private IArtifactLog? _log;
    private int _part;
    private int _lines;

    public IArtifactStore Artifacts => artifacts;

    /// <summary>All of them, or none as far as readers see: what a failed attempt left is cut off by the next.</summary>
    /// <exception cref="IOException">The store.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public void Append(IReadOnlyCollection<StepHash> hashes)
    {
        var text = new StringBuilder();
        if (_log is null || _lines >= MostLines)
        {
            (_log, _lines) = (artifacts.OpenLog(StepHashFiles.KeyOf(origin, ++_part)), 0);
        }

        if (_lines == 0)
        {
            text.Append(HashLines.Head(origin)).Append('\n');
        }

        foreach (var hash in hashes)
        {
            text.Append(HashLines.Of(origin, hash)).Append('\n');
        }

        _log.Append(Encoding.ASCII.GetBytes(text.ToString()));
        _lines += hashes.Count;
    }
}
