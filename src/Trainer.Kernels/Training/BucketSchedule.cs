using Trainer.Kernels.Models;
using Trainer.Kernels.Training.Planning;

namespace Trainer.Kernels.Training;

/// <summary>Which buckets of gradients are complete after which backward operation; a bucket is never reported before those that lie before it.</summary>
/// <remarks>
/// Chunks that two buckets share are sent with the later one. So the statistics, which are complete before the backward pass begins but lie behind all
/// parameters, are reported last.
/// </remarks>
internal sealed class BucketSchedule
{
    public BucketSchedule(NetworkPlan plan, ParameterLayout layout)
    {
        var slots = layout.Slots.ToDictionary(slot => slot.Name, StringComparer.Ordinal);
        var operations = plan.Backward;
        var (after, last) = (new List<int>[operations.Count], 0);
        for (var i = 0; i < after.Length; i++)
        {
            after[i] = [];
        }

        foreach (var bucket in layout.Buckets.Where(_ => after.Length > 0))
        {
            last = Math.Max(last, Enumerable.Range(0, operations.Count).LastOrDefault(i => Fills(operations[i], bucket), after.Length - 1));
            after[last].Add(bucket.Index);
        }

        After = [.. after.Select(buckets => buckets.ToArray())];

        bool Fills(Operation operation, Bucket bucket) => operation.Node is { } node && node.ParameterNames
            .Any(name => slots[name].Offset >= bucket.Offset && slots[name].Offset < bucket.Offset + bucket.Elements);
    }

    /// <summary>Per backward operation.</summary>
    public int[][] After { get; }
}
