using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Tests.Sharding;

public class ShardTreeTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(15, 1)]
    [InlineData(16, 2)]
    [InlineData(31, 2)]
    [InlineData(127, 8)]
    [InlineData(128, 16)]
    [InlineData(256, 16)]
    [InlineData(1_048_576, 16)]
    public void Default_shards_leave_eight_samples_each(int batch, int shards) => Assert.Equal(shards, ShardTree.DefaultShards(batch));

    [Theory]
    [InlineData(0, 2, 1)]
    [InlineData(0, 16, 8)]
    [InlineData(0, 5, 4)]
    [InlineData(4, 7, 6)]
    [InlineData(3, 8, 7)]
    [InlineData(0, 4096, 2048)]
    public void Splits_at_the_largest_power_of_two_below(int lo, int hi, int split) => Assert.Equal(split, ShardTree.SplitPoint(lo, hi));

    [Fact]
    public void A_leaf_has_no_split() =>
        Assert.Contains("1 shards from 3 on has no children", Assert.Throws<ArgumentOutOfRangeException>(() => ShardTree.SplitPoint(3, 4)).Message);

    [Fact]
    public void A_tree_over_n_shards_has_2n_minus_1_nodes_and_its_nodes_are_nested()
    {
        for (var shards = 1; shards <= 37; shards++)
        {
            var nodes = Ranges(shards).Where(range => ShardTree.IsNode(range, shards)).ToList();
            Assert.Equal((2 * shards) - 1, nodes.Count);
            Assert.All(nodes, a => Assert.All(nodes, b => Assert.True(
                a.Hi <= b.Lo || b.Hi <= a.Lo || (a.Lo <= b.Lo && b.Hi <= a.Hi) || (b.Lo <= a.Lo && a.Hi <= b.Hi), $"{a} and {b} of {shards}")));
        }
    }

    [Fact]
    public void Covers_are_nodes_that_fill_the_run_and_no_two_of_them_could_be_one()
    {
        for (var shards = 1; shards <= 23; shards++)
        {
            foreach (var run in Ranges(shards))
            {
                var cover = ShardTree.Cover(run.Lo, run.Hi, shards);
                Assert.All(cover, node => Assert.True(ShardTree.IsNode(node, shards)));
                Assert.Equal(Enumerable.Range(run.Lo, run.Count), cover.SelectMany(node => Enumerable.Range(node.Lo, node.Count)));
                Assert.All(cover.Zip(cover.Skip(1)), pair => Assert.False(ShardTree.IsNode(new ShardRange(pair.First.Lo, pair.Second.Hi), shards)));
            }
        }
    }

    [Theory]
    [InlineData(256, 16)]
    [InlineData(13, 16)]
    [InlineData(96, 7)]
    [InlineData(1, 1)]
    [InlineData(1_048_573, 4093)]
    public void Positions_split_a_batch_into_shards_that_differ_by_at_most_one_sample(int samples, int shards)
    {
        Assert.Equal(0, ShardTree.FirstPosition(0, samples, shards));
        Assert.Equal(samples, ShardTree.FirstPosition(shards, samples, shards));
        Assert.All(Enumerable.Range(0, shards), shard => Assert.InRange(
            ShardTree.FirstPosition(shard + 1, samples, shards) - ShardTree.FirstPosition(shard, samples, shards),
            samples / shards,
            (samples + shards - 1) / shards));
    }

    private static IEnumerable<ShardRange> Ranges(int shards) =>
        from lo in Enumerable.Range(0, shards)
        from hi in Enumerable.Range(lo + 1, shards - lo)
        select new ShardRange(lo, hi);
}
