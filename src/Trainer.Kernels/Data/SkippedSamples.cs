using System.Collections.Concurrent;

namespace Trainer.Kernels.Data;

/// <summary>Broken samples that count for nothing, and who is told of them.</summary>
/// <param name="label">That they have instead of their own.</param>
/// <param name="tell">Told once of each.</param>
internal sealed class SkippedSamples(int label, Action<BrokenSampleException> tell)
{
    private readonly ConcurrentDictionary<string, bool> _told = new(StringComparer.Ordinal);

    public int Label => label;

    public void Tell(BrokenSampleException broken)
    {
        if (_told.TryAdd(broken.File, true))
        {
            tell(broken);
        }
    }
}
