using Trainer.Kernels.Canonical;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Node.Links;
using Trainer.Protos.Cluster;
using ShardRange = Trainer.Kernels.Sharding.ShardRange;

namespace Trainer.Node.Reduction;

/// <summary>One frame of an all-reduce: a member's part of a chunk on its way to the chunk's owner.</summary>
/// <param name="Root">The subtree root whose gradient it is; empty where the member has no samples.</param>
/// <param name="LocalRoot">Index of the root among the member's own; -1: an empty contribution.</param>
public readonly record struct Transfer(int From, int To, uint Chunk, ShardRange Root, int LocalRoot);

/// <summary>Who owns and who sends what in the all-reduces of a generation. Pure; everything follows from the assignment.</summary>
/// <remarks>
/// Chunk c belongs to rank c mod W; the statistics (loss, weight and correctness of every sample) to the owner of chunk 0. Every member
/// sends every owner its roots' parts of each chunk, or one empty frame, so the owner knows that all have applied the step before.
/// The owner folds the parts along the shard tree and sends everybody the total.
/// <para>
/// Cost per member with r roots, N elements, W members: r N (W-1)/W elements up and N (W-1)/W down (and the same as an owner);
/// two hops. A ring moves as much for r = 1 in 2 (W-1) hops, but sums in an order that depends on W.
/// </para>
/// </remarks>
public sealed class AllReducePlan
{
    private readonly int[] _rankOfRange;

    /// <param name="names">The members, by rank.</param>
    /// <param name="roots">What each computes; together they cover all shards once.</param>
    /// <exception cref="ArgumentException">They do not.</exception>
    public AllReducePlan(IReadOnlyList<string> names, IReadOnlyList<IReadOnlyList<ShardRange>> roots, int shards, int elements)
    {
        (Names, Roots, Shards, Elements) = (names, roots, shards, elements);
        var all = roots.SelectMany((own, rank) => own.Select(root => (Root: root, Rank: rank))).OrderBy(pair => pair.Root.Lo).ToArray();
        (Ranges, _rankOfRange) = ([.. all.Select(pair => pair.Root)], [.. all.Select(pair => pair.Rank)]);
        var end = 0;
        foreach (var range in Ranges)
        {
            end = range.Lo == end && ShardTree.IsNode(range, shards)
                ? range.Hi
                : throw new ArgumentException($"Assignment: shards {range} after {end} of {shards} shards are no node of the tree, or leave a gap or overlap.", nameof(roots));
        }

        if (end != shards)
        {
            throw new ArgumentException($"Assignment: covers {end} of {shards} shards.", nameof(roots));
        }
    }

    public IReadOnlyList<string> Names { get; }

    public IReadOnlyList<IReadOnlyList<ShardRange>> Roots { get; }

    public int Shards { get; }

    public int Elements { get; }

    public int Members => Names.Count;

    public int Chunks => Chunk.CountOf(Elements);

    /// <summary>The roots of all members, ascending.</summary>
    public ShardRange[] Ranges { get; }

    public static AllReducePlan Of(Assignment assignment, int elements) => new(
        [.. assignment.Members.Select(member => member.Worker)],
        [.. assignment.Members.Select(RootsOf)],
        (int)assignment.Shards,
        elements);

    public static IReadOnlyList<ShardRange> RootsOf(Member member) => [.. member.Roots.Select(root => new ShardRange((int)root.Lo, (int)root.Hi))];

    public int Owner(uint chunk) => chunk == FrameHeader.Statistics ? 0 : (int)(chunk % Members);

    /// <summary>Where a chunk lies in the flat buffers.</summary>
    public (int Offset, int Length) Extent(int chunk)
    {
        var offset = chunk * Chunk.Elements;
        return (offset, Math.Min(Chunk.Elements, Elements - offset));
    }

    /// <summary>Index into <see cref="Ranges"/> of a member's root; -1: not its root.</summary>
    public int RangeOf(int rank, ShardRange root)
    {
        var index = Array.IndexOf(Ranges, root);
        return index >= 0 && _rankOfRange[index] == rank ? index : -1;
    }

    /// <summary>Whose root <see cref="Ranges"/>[<paramref name="range"/>] is.</summary>
    public int RankOf(int range) => _rankOfRange[range];

    /// <summary>What a member sends for a chunk of a batch: a frame per root that has samples, or an empty one.</summary>
    public IReadOnlyList<Transfer> Transfers(int rank, uint chunk, int samples)
    {
        if (chunk == FrameHeader.Statistics)
        {
            return [new Transfer(rank, Owner(chunk), chunk, default, -1)];
        }

        var filled = Roots[rank].Select((root, index) => new Transfer(rank, Owner(chunk), chunk, root, index))
            .Where(transfer => Samples(transfer.Root, samples) > 0).ToArray();
        return filled.Length > 0 ? filled : [new Transfer(rank, Owner(chunk), chunk, default, -1)];
    }

    /// <summary>The last bucket that a chunk overlaps: with it the chunk's gradient is complete.</summary>
    public int CompletingBucket(int chunk, IReadOnlyList<Bucket> buckets)
    {
        var (offset, length) = Extent(chunk);
        return buckets.Where(bucket => bucket.Offset < offset + length && bucket.Elements > 0).Select(bucket => bucket.Index).DefaultIfEmpty(0).Max();
    }

    private int Samples(ShardRange root, int samples) =>
        ShardTree.FirstPosition(root.Hi, samples, Shards) - ShardTree.FirstPosition(root.Lo, samples, Shards);
}
