using Trainer.Kernels.Training.Planning;

namespace Trainer.Kernels.Training;

/// <summary>Which buckets of gradients are complete at which moment of a pass.</summary>
internal sealed class BucketSchedule
{
    public BucketSchedule(NetworkPlan plan, ParameterLayout layout)
    {
        var slots = layout.Slots.ToDictionary(slot => slot.Name, StringComparer.Ordinal);
        var operations = plan.Backward;
        var completes = layout.Buckets.ToLookup(
            bucket => Enumerable.Range(0, operations.Count).LastOrDefault(i => Fills(operations[i], bucket), -1),
            bucket => bucket.Index);
        AfterForward = [.. completes[-1]];
        AfterBackward = [.. Enumerable.Range(0, operations.Count).Select(i => completes[i].ToArray())];

        bool Fills(Operation operation, Bucket bucket) => operation.Node is { } node && node.ParameterNames
            .Any(name => slots[name].Offset >= bucket.Offset && slots[name].Offset < bucket.Offset + bucket.Elements);
    }

    /// <summary>Buckets of statistics.</summary>
    public int[] AfterForward { get; }

    /// <summary>Per backward operation.</summary>
    public int[][] AfterBackward { get; }
}
