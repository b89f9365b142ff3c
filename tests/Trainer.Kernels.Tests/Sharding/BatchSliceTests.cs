using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Tests.Sharding;

public class BatchSliceTests
{
    [Fact]
    public void Slices_of_an_assignment_hold_every_position_once_in_order()
    {
        foreach (var (samples, shards, cut) in new[] { (256, 16, 5), (96, 16, 3), (13, 16, 7), (97, 11, 4), (5, 3, 1) })
        {
            var left = new BatchSlice(samples, shards, ShardTree.Cover(0, cut, shards));
            var right = new BatchSlice(samples, shards, ShardTree.Cover(cut, shards, shards));

            Assert.Equal(Enumerable.Range(0, samples), left.Positions().Concat(right.Positions()));
            Assert.Equal(left.Positions().Count(), left.LocalSamples);
            Assert.Equal(samples, left.LocalSamples + right.LocalSamples);
        }
    }

    [Fact]
    public void Local_order_is_root_by_root()
    {
        var slice = new BatchSlice(20, 4, [new ShardRange(0, 1), new ShardRange(2, 4)]);

        Assert.Equal(Enumerable.Range(0, 5).Concat(Enumerable.Range(10, 10)), slice.Positions());
        Assert.Equal([5, 10], slice.Roots.Select(slice.RootSamples));
    }

    [Fact]
    public void A_worker_without_roots_has_no_samples() => Assert.Equal(0, new BatchSlice(7, 2, []).LocalSamples);

    [Fact]
    public void Shards_of_a_short_batch_may_be_empty()
    {
        var slice = BatchSlice.Whole(3, 8);

        Assert.Equal([0, 0, 1, 0, 0, 1, 0, 1], Enumerable.Range(0, 8).Select(slice.ShardSamples));
        Assert.Equal(3, slice.LocalSamples);
    }

    [Theory]
    [InlineData(1, 3, "Shards [1,3) are not a node of the tree over 4 shards.")]
    [InlineData(0, 5, "Shards [0,5) are not a node of the tree over 4 shards.")]
    [InlineData(2, 2, "Shards [2,2) are not a node of the tree over 4 shards.")]
    public void Roots_are_nodes(int lo, int hi, string message) =>
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => new BatchSlice(20, 4, [new ShardRange(lo, hi)])).Message, StringComparison.Ordinal);

    [Fact]
    public void Roots_ascend_and_do_not_overlap()
    {
        Assert.StartsWith(
            "Shards [0,2) overlap or precede the root before them, which ends at 4.",
            Assert.Throws<ArgumentException>(() => new BatchSlice(20, 4, [new ShardRange(2, 4), new ShardRange(0, 2)])).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new BatchSlice(20, 4, [new ShardRange(0, 4), new ShardRange(3, 4)]));
    }
}
