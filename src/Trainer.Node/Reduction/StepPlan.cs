using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;

namespace Trainer.Node.Reduction;

/// <summary>What one member does in the all-reduce of one kind of step; made once per batch size and used for all its steps.</summary>
public sealed class StepPlan
{
    /// <param name="samples">Samples of the global batch; 0 for an item without any.</param>
    /// <param name="gradients">False: statistics only.</param>
    /// <param name="groupShards">Shards of a batch norm group.</param>
    public StepPlan(AllReducePlan plan, int rank, int samples, bool gradients, IReadOnlyList<Bucket> buckets, int? groupShards = null)
    {
        (Samples, Chunks) = (samples, gradients ? plan.Chunks : 0);
        Slices = [.. plan.Roots.Select(roots => samples > 0 ? new BatchSlice(samples, plan.Shards, roots, groupShards) : null)];
        Slice = Slices[rank];
        Transfers = [.. Enumerable.Range(0, Chunks).Select(chunk => plan.Transfers(rank, (uint)chunk, samples))];
        Owed = [.. Enumerable.Range(0, Chunks > 0 ? plan.Members : 0).Select(sender => plan.Transfers(sender, 0, samples).Count)];
        Expected = Owed.Sum();
        CompletedBy = [.. buckets.Select(bucket =>
            Enumerable.Range(0, Chunks).Where(chunk => plan.CompletingBucket(chunk, buckets) == bucket.Index).ToArray())];
    }

    /// <summary>Of no step.</summary>
    internal StepPlan() => (Slices, Transfers, Owed, CompletedBy) = ([], [], [], []);

    public int Samples { get; }

    /// <summary>Chunks of gradient that travel.</summary>
    public int Chunks { get; }

    /// <summary>The member's own part of the batch; null for an item without samples.</summary>
    public BatchSlice? Slice { get; }

    /// <summary>Everybody's part, by rank.</summary>
    public IReadOnlyList<BatchSlice?> Slices { get; }

    /// <summary>What the member sends, per chunk.</summary>
    public IReadOnlyList<IReadOnlyList<Transfer>> Transfers { get; }

    /// <summary>Frames that each member sends to the owner of a chunk, by rank.</summary>
    public IReadOnlyList<int> Owed { get; }

    /// <summary>Frames that the owner of a chunk waits for.</summary>
    public int Expected { get; }

    /// <summary>The chunks whose gradient is complete with a bucket, per bucket.</summary>
    public IReadOnlyList<IReadOnlyList<int>> CompletedBy { get; }
}
