using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Randomness;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Training;

public class GradientTreeTests
{
    [Theory]
    [InlineData(0, 5, 29)]
    [InlineData(1, 1, 1)]
    [InlineData(4, 3, 7)]
    [InlineData(100, 16, 256)]
    [InlineData(1000, 16, 13)]
    [InlineData(10007, 7, 97)]
    [InlineData(513, 11, 3)]
    public void Any_partition_into_nodes_gives_the_bits_of_the_naive_fold_over_shards(int elements, int shards, int samples)
    {
        var leaves = Enumerable.Range(0, shards).Select(shard => TestData.Values(elements, (ulong)shard, 1e3f)).ToArray();
        var slice = BatchSlice.Whole(samples, shards);
        var expected = Naive(leaves, slice, 0, shards, elements).Select(sum => sum / samples).ToArray();
        for (var seed = 0UL; seed < 20; seed++)
        {
            var ranges = Partition(0, shards, seed);
            var roots = ranges.Select(range => Naive(leaves, slice, range.Lo, range.Hi, elements).AsMemory()).ToArray();
            var total = new float[elements];

            Assert.True(GradientTree.Fold(roots, ranges, shards, samples, total));
            Assert.True(Bits(expected).SequenceEqual(Bits(total)), $"seed {seed}: {string.Join(" ", ranges)}");
        }
    }

    [Fact]
    public void An_empty_root_is_absent_and_not_plus_zero()
    {
        var total = new float[3];
        Memory<float>[] roots = [default, new float[] { -0f, 1, 2 }];

        Assert.True(GradientTree.Fold(roots, [new ShardRange(0, 1), new ShardRange(1, 2)], shards: 2, samples: 1, total));
        Assert.True(float.IsNegative(total[0]));
        Assert.Equal([-0f, 1, 2], total);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(10007)]
    [InlineData(65_536)]
    public void The_roots_are_hashed_in_the_pass_that_folds_them(int elements)
    {
        var (left, right, total, read) = (TestData.Values(elements, 1), TestData.Values(elements, 2), new float[elements], new RunningHashes(3));
        for (var again = 0; again < 2; again++)
        {
            Assert.True(GradientTree.Fold([default, left, right], [new ShardRange(0, 1), new ShardRange(1, 2), new ShardRange(2, 4)], 4, 3, total, read));
            Assert.Equal([HostHash.Of(default(ReadOnlySpan<float>)), HostHash.Of(left), HostHash.Of(right)], Enumerable.Range(0, 3).Select(read.Of));
        }
    }

    [Fact]
    public void The_total_may_be_one_of_the_roots()
    {
        var (left, right) = (TestData.Values(1031, 1), TestData.Values(1031, 2));
        var expected = left.Zip(right, (a, b) => (a + b) / 6).ToArray();

        Assert.True(GradientTree.Fold([left, right], [new ShardRange(0, 2), new ShardRange(2, 3)], 3, 6, right));
        Assert.Equal(expected, right);
    }

    [Theory]
    [InlineData(float.NaN, 0)]
    [InlineData(float.PositiveInfinity, 5)]
    [InlineData(float.NegativeInfinity, 1030)]
    public void A_total_that_is_not_finite_is_noticed_wherever_it_is(float value, int index)
    {
        var root = TestData.Values(1031, 1);
        root[index] = value;

        Assert.False(GradientTree.Fold([root], [new ShardRange(0, 1)], 1, 1, new float[1031]));
    }

    [Fact]
    public void What_is_not_a_cover_is_refused()
    {
        var root = new float[4];
        void Refused(string message, Memory<float>[] roots, params ShardRange[] ranges) => Assert.StartsWith(
            message, Assert.Throws<ArgumentException>(() => GradientTree.Fold(roots, ranges, 4, 8, new float[4])).Message, StringComparison.Ordinal);

        Refused("2 buffers for 1 ranges.", [root, root], new ShardRange(0, 4));
        Refused("The ranges end at shard 2 of 4.", [root], new ShardRange(0, 2));
        Refused("Range [3,4) is not a node of the tree over 4 shards that starts at 2.", [root, root], new ShardRange(0, 2), new ShardRange(3, 4));
        Refused("Range [0,3) is not a node", [root], new ShardRange(0, 3));
        Refused("The buffer of range [0,4) has 3 elements; the total has 4.", [new float[3]], new ShardRange(0, 4));
    }

    private static float[] Naive(float[][] leaves, BatchSlice slice, int lo, int hi, int elements) =>
        [.. Enumerable.Range(0, elements).Select(i =>
            CanonicalTree.Fold(lo, hi, shard => slice.ShardSamples(shard) == 0 ? null : leaves[shard][i]) ?? float.NaN)];

    /// <summary>Nodes that together cover [lo, hi), cut where the seed says so.</summary>
    private static ShardRange[] Partition(int lo, int hi, ulong seed)
    {
        var whole = hi - lo == 1 || Philox.Block(seed, (uint)lo, (uint)hi, 0, 0).Word0 % 3 == 0;
        return whole
            ? [new ShardRange(lo, hi)]
            : [.. Partition(lo, ShardTree.SplitPoint(lo, hi), seed), .. Partition(ShardTree.SplitPoint(lo, hi), hi, seed)];
    }

    private static IEnumerable<uint> Bits(float[] values) => values.Select(BitConverter.SingleToUInt32Bits);
}
