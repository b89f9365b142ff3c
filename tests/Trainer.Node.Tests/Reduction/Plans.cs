using Trainer.Kernels.Sharding;
using Trainer.Node.Reduction;

namespace Trainer.Node.Tests.Reduction;

/// <summary>Assignments for tests: runs of shards, as even as they come, cut into the nodes of the tree that cover them.</summary>
internal static class Plans
{
    public static AllReducePlan Even(int members, int shards, int elements) =>
        new([.. Enumerable.Range(0, members).Select(rank => $"worker-{rank}")], Roots(members, shards), shards, elements);

    public static IReadOnlyList<IReadOnlyList<ShardRange>> Roots(int members, int shards) =>
        [.. Enumerable.Range(0, members).Select(rank => ShardTree.Cover(rank * shards / members, (rank + 1) * shards / members, shards))];
}
