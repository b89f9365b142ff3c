using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;
using Trainer.Node.Reduction;

namespace Trainer.Node.Tests.Reduction;

/// <summary>Parts of batch norm groups go to all who share them, over real sockets.</summary>
public class BatchExchangeTests
{
    private const int Shards = 8, Layers = 3, Channels = 5;

    [Theory]
    [InlineData(2, 8)]
    [InlineData(3, 4)]
    [InlineData(5, 4)]
    [InlineData(5, 8)]
    [InlineData(8, 2)]
    public void Everybody_gets_the_parts_of_the_groups_that_it_shares(int members, int run)
    {
        using var group = new AllReduceGroup(members, Shards, elements: 10, unix: members % 2 == 0);
        var brought = group.OnEach(member =>
        {
            var count = 0;
            var layers = Enumerable.Range(0, Layers).ToDictionary(layer => (uint)layer, layer => (Parts(layer, false), Parts(layer, true)));
            foreach (var (item, samples) in new[] { (1UL, 64), (2UL, 64), (3UL, 5), (4UL, 1), (5UL, 64) })
            {
                var slice = new BatchSlice(samples, Shards, group.Plan.Roots[member.Rank], run);
                member.Reduce(item, samples, new float[SampleResults.Rows * slice.LocalSamples], compute: exchange =>
                {
                    for (var layer = 0U; layer < Layers && slice.LocalSamples > 0; layer++)
                    {
                        count += Exchange(exchange, layers[layer].Item1, slice, run, item);
                    }

                    for (var layer = 0U; layer < Layers && slice.LocalSamples > 0; layer++)
                    {
                        count += Exchange(exchange, layers[Layers - 1 - layer].Item2, slice, run, item);
                    }
                });
            }

            return count;
        });

        Assert.All(brought, count => Assert.True(count > 0));

        static GroupParts Parts(int layer, bool isBackward) => new((uint)layer, isBackward);
    }

    [Fact]
    public void Who_waits_past_its_deadline_says_for_whose_parts_and_ends_with_the_generation()
    {
        using var group = new AllReduceGroup(members: 3, Shards, elements: 10, unix: true);
        group.OnEach(member =>
        {
            if (member.Rank < 2)
            {
                var slice = new BatchSlice(64, Shards, group.Plan.Roots[member.Rank], Shards);
                Assert.Throws<OperationCanceledException>(() => member.Reduce(
                    1, 64, default, patience: TimeSpan.FromMilliseconds(50), compute: exchange => Exchange(exchange, new GroupParts(7, false), slice, Shards, 1)));
                return true;
            }

            while (group.Heard<AllReduce.Missing>() is var missing && !(missing.What == "parts of batch norm groups" && missing.From.SequenceEqual(["worker-2"])))
            {
            }

            group.Members[0].Abort();
            group.Members[1].Abort();
            return true;
        });
    }

    [Fact]
    public void Parts_of_another_length_fail_the_step()
    {
        using var group = new AllReduceGroup(members: 2, Shards, elements: 10, unix: true);
        var failures = group.OnEach(member =>
        {
            var slice = new BatchSlice(64, Shards, group.Plan.Roots[member.Rank], Shards);
            void Take(IBatchExchange exchange)
            {
                var parts = new GroupParts(7, false) { Exchange = exchange };
                parts.Describe(slice.GroupsOf(Shards), member.Rank + 1);
                parts.Gather();
            }

            return Assert.Throws<StepFailedException>(() => member.Reduce(1, 64, default, compute: Take)).Message;
        });

        Assert.Equal("worker-1 sent 4 elements of shards [4,8) for layer 7; it owes 2", failures[0]);
    }

    /// <summary>Fills in the own parts, and wants the others': how many there are.</summary>
    private static int Exchange(IBatchExchange exchange, GroupParts parts, BatchSlice slice, int run, ulong item)
    {
        parts.Exchange = exchange;
        parts.Describe(slice.GroupsOf(run), Channels);
        for (var i = 0; i < parts.Parts.Count; i++)
        {
            if (parts.Parts[i].IsOwn)
            {
                Values(parts, i, item).CopyTo(parts.ValuesOf(i));
            }
        }

        parts.Gather();
        for (var i = 0; i < parts.Parts.Count; i++)
        {
            Assert.Equal(Values(parts, i, item), parts.ValuesOf(i).ToArray());
        }

        return parts.Parts.Count(part => !part.IsOwn);
    }

    private static float[] Values(GroupParts parts, int part, ulong item) =>
        [.. Enumerable.Range(0, 2 * Channels).Select(i => ((int)item * 1000) + ((int)parts.Layer * 100) + (parts.IsBackward ? 50 : 0) + (parts.Parts[part].Root.Lo * 10f) + (i / 16f))];
}
