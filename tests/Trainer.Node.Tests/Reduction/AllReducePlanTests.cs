using Trainer.Kernels.Canonical;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Node.Links;
using Trainer.Node.Reduction;

namespace Trainer.Node.Tests.Reduction;

public class AllReducePlanTests
{
    private static readonly int[] Sizes = [0, 1, 4, 100, 1000, 10007, 65_536, 65_537, 200_003];

    public static TheoryData<int, int> MembersAndShards()
    {
        var data = new TheoryData<int, int>();
        for (var members = 1; members <= 15; members++)
        {
            foreach (var shards in new[] { 1, 2, 3, 7, 15, 16, 17 }.Where(shards => shards >= members))
            {
                data.Add(members, shards);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(MembersAndShards))]
    public void Every_owner_gets_every_part_once_and_a_frame_from_every_member(int members, int shards)
    {
        foreach (var elements in Sizes)
        {
            var plan = Plans.Even(members, shards, elements);
            foreach (var samples in new[] { 1, 2, shards, 37, 256 })
            {
                for (var chunk = 0u; chunk < plan.Chunks; chunk++)
                {
                    var transfers = Enumerable.Range(0, members).SelectMany(rank => plan.Transfers(rank, chunk, samples)).ToArray();
                    Assert.All(transfers, transfer => Assert.Equal((int)(chunk % members), transfer.To));
                    Assert.Equal(Enumerable.Range(0, members), transfers.Select(transfer => transfer.From).Distinct().Order());

                    var parts = transfers.Where(transfer => transfer.LocalRoot >= 0).Select(transfer => transfer.Root).OrderBy(root => root.Lo).ToArray();
                    var filled = plan.Ranges.Where(range => Samples(range, samples, shards) > 0).ToArray();
                    Assert.Equal(filled, parts);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(MembersAndShards))]
    public void Chunks_cover_the_buffer_once(int members, int shards)
    {
        foreach (var elements in Sizes)
        {
            var plan = Plans.Even(members, shards, elements);
            var end = 0;
            for (var chunk = 0; chunk < plan.Chunks; chunk++)
            {
                var (offset, length) = plan.Extent(chunk);
                Assert.Equal(end, offset);
                Assert.InRange(length, 1, Chunk.Elements);
                end += length;
            }

            Assert.Equal(elements, end);
        }
    }

    [Fact]
    public void Statistics_go_to_the_owner_of_chunk_0()
    {
        var plan = Plans.Even(members: 3, shards: 5, elements: 100);
        Assert.Equal(0, plan.Owner(FrameHeader.Statistics));
        Assert.All(Enumerable.Range(0, 3), rank =>
            Assert.Equal([new Transfer(rank, 0, FrameHeader.Statistics, default, -1)], plan.Transfers(rank, FrameHeader.Statistics, samples: 1)));
    }

    [Fact]
    public void A_chunk_is_complete_with_the_last_bucket_that_it_overlaps()
    {
        Bucket[] buckets = [new(0, 0, 70_000), new(1, 70_000, 62_000), new(2, 132_000, 68_003)];
        var plan = Plans.Even(members: 2, shards: 2, elements: 200_003);
        Assert.Equal([0, 1, 2, 2], Enumerable.Range(0, plan.Chunks).Select(chunk => plan.CompletingBucket(chunk, buckets)));
    }

    [Theory]
    [InlineData("0-2 3-4", "Assignment: shards [3,4) after 2 of 4 shards are no node of the tree, or leave a gap or overlap.")]
    [InlineData("0-2 1-2 2-4", "Assignment: shards [1,2) after 2 of 4 shards are no node of the tree, or leave a gap or overlap.")]
    [InlineData("0-2", "Assignment: covers 2 of 4 shards.")]
    [InlineData("0-3 3-4", "Assignment: shards [0,3) after 0 of 4 shards are no node of the tree, or leave a gap or overlap.")]
    public void An_assignment_that_does_not_cover_the_shards_is_refused(string roots, string message)
    {
        var ranges = roots.Split(' ').Select(text => text.Split('-').Select(int.Parse).ToArray()).Select(pair => new ShardRange(pair[0], pair[1])).ToArray();
        var error = Assert.Throws<ArgumentException>(() => new AllReducePlan(["worker-0"], [ranges], shards: 4, elements: 1));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    private static int Samples(ShardRange range, int samples, int shards) =>
        ShardTree.FirstPosition(range.Hi, samples, shards) - ShardTree.FirstPosition(range.Lo, samples, shards);
}
