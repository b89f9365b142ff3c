using System.Collections.Immutable;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>What users find their jobs by: a few words each, with a value.</summary>
public static class JobLabels
{
    public const int Most = 64;

    /// <summary>The same object where nothing changes.</summary>
    public static ImmutableSortedDictionary<string, string> Changed(ImmutableSortedDictionary<string, string> labels, ChangeJob change)
    {
        var next = change.ReplaceLabels ? labels.Clear() : labels;
        foreach (var (key, value) in change.Labels)
        {
            next = value.Length > 0 ? next.SetItem(key, value) : next.Remove(key);
        }

        return next.SequenceEqual(labels) ? labels : next;
    }
}
