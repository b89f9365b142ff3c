using Akka.Actor;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;
using Trainer.Node.Reduction;

namespace Trainer.Node.Tests.Reduction;

/// <summary>Exact collectives over real sockets: every value is an integer, so every sum has one right answer.</summary>
public class AllReduceTests
{
    private static readonly int[] Sizes = [0, 1, 4, 100, 1000, 10007];

    /// <summary>Groups of these numbers of members reduce all sizes in the quick tests, the others one.</summary>
    private static readonly int[] Thorough = [1, 2, 3, 5, 8, 15];

    public static TheoryData<int, int, bool> MembersAndElements => new(Cases(isQuick: true).Append((3, 200_003, true)).Append((5, 400_009, false)));

    public static TheoryData<int, int, bool> OtherMembersAndElements => new(Cases(isQuick: false));

    private static IEnumerable<(int Members, int Elements, bool Unix)> Cases(bool isQuick) =>
        from members in Enumerable.Range(1, 15)
        from elements in Sizes
        where (Thorough.Contains(members) || elements == 1000) == isQuick
        select (members, elements, elements % 2 == 0);

    [Theory]
    [MemberData(nameof(MembersAndElements))]
    public void Everybody_gets_the_exact_sum(int members, int elements, bool unix) => MustSumExactly(members, elements, unix);

    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 200_003)]
    [InlineData(5, 10_007)]
    [InlineData(8, 1000)]
    public void Workers_of_one_process_get_it_through_memory(int members, int elements) => MustSumExactly(members, elements, unix: false, memory: true);

    /// <summary>The sizes of the numbers of members between those.</summary>
    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(OtherMembersAndElements))]
    public void Everybody_gets_the_exact_sum_whatever_the_numbers(int members, int elements, bool unix) => MustSumExactly(members, elements, unix);

    private static void MustSumExactly(int members, int elements, bool unix, bool memory = false)
    {
        const int Shards = 16;
        using var group = new AllReduceGroup(members, Shards, elements, unix, memory: memory);
        group.OnEach(member =>
        {
            foreach (var (step, samples) in new[] { (1UL, 64), (2UL, 64), (3UL, 5), (4UL, 1), (5UL, 64) })
            {
                for (var root = 0; root < member.Buffers.Roots.Count; root++)
                {
                    Fill(member.Buffers.Roots[root].Span, group.Plan.Roots[member.Rank][root], (int)step);
                }

                var result = member.Reduce(step, samples, Statistics(group.Plan, member.Rank, samples));
                CheckTotal(member.Buffers.Total.Span, group.Plan, (int)step, samples);
                Assert.Equal(new PassSums(samples * (samples + 1) / 2, Weight(samples), samples / 2, Counted(samples), samples), result.Statistics);
            }

            return true;
        });
    }

    /// <summary>Whole chunks, a chunk that is rounded in part, one that is not; and odd lengths.</summary>
    [Theory]
    [InlineData(1, 200_003, 150_001)]
    [InlineData(3, 300_003, 150_001)]
    [InlineData(2, 70_001, 70_001)]
    [InlineData(5, 10, 3)]
    public void Everybody_gets_the_rounded_total_in_half_the_bytes(int members, int elements, int rounded)
    {
        const int Shards = 8;
        var sent = new[] { 0, rounded }.Select(roundedElements =>
        {
            using var group = new AllReduceGroup(members, Shards, elements, unix: true, roundedElements: roundedElements);
            return group.OnEach(member =>
            {
                var bytes = 0L;
                for (var step = 1; step <= 3; step++)
                {
                    for (var root = 0; root < member.Buffers.Roots.Count; root++)
                    {
                        Fill(member.Buffers.Roots[root].Span, group.Plan.Roots[member.Rank][root], step);
                    }

                    bytes += member.Reduce((ulong)step, 37, Statistics(group.Plan, member.Rank, 37)).BytesSent;
                    CheckTotal(member.Buffers.Total.Span, group.Plan, step, 37, roundedElements);
                }

                return bytes;
            }).Sum();
        }).ToArray();
        var wholly = Enumerable.Range(0, (elements + 65_535) / 65_536).Select(chunk => Math.Min(65_536, elements - (chunk * 65_536)))
            .TakeWhile((_, chunk) => Math.Min(elements, (chunk + 1) * 65_536) <= rounded);
        Assert.Equal(3L * (members - 1) * wholly.Sum(length => (length - ((length + 1) / 2)) * sizeof(float)), sent[0] - sent[1]);
    }

    [Fact]
    public void A_total_that_bfloat16_cannot_hold_fails_the_step()
    {
        using var group = new AllReduceGroup(members: 2, shards: 2, elements: 10, unix: true, roundedElements: 8);
        group.Members[0].Buffers.Roots[0].Span[9] = float.MaxValue; // state: not rounded
        var statistics = group.Members.Select(member => Statistics(group.Plan, member.Rank, 2)).ToArray();
        group.OnEach(member => member.Reduce(1, 2, statistics[member.Rank]));
        group.Members[1].Buffers.Roots[0].Span[7] = float.MaxValue;
        var faults = FaultsOf(group, member => member.Reduce(2, 1, Statistics(group.Plan, member.Rank, 1)), failing: 0);
        Assert.Equal("the gradient is not finite (elements 0 to 9)", Assert.Single(faults).Message);
    }

    [Fact]
    public void Items_without_gradients_and_without_samples_travel_like_steps()
    {
        using var group = new AllReduceGroup(members: 3, shards: 5, elements: 100, unix: true, mostSamples: 10_007);
        group.OnEach(member =>
        {
            var evaluated = member.Reduce(1, samples: 10_007, Statistics(group.Plan, member.Rank, 10_007), gradients: false);
            Assert.Equal(new PassSums(10_007L * 10_008 / 2, Weight(10_007), 5003, Counted(10_007), 10_007), evaluated.Statistics);
            Assert.Equal(default, member.Reduce(2, samples: 0, default, gradients: false).Statistics);
            return true;
        });
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_gradient_that_is_not_finite_fails_the_step_at_its_owner_and_gives_nobody_a_total(float bad)
    {
        using var group = new AllReduceGroup(members: 2, shards: 2, elements: 70_000, unix: true);
        group.Members[0].Buffers.Roots[0].Span[65_600] = bad;
        var faults = FaultsOf(group, member => member.Reduce(1, 2, Statistics(group.Plan, member.Rank, 2)), failing: 1);
        Assert.Equal("the gradient is not finite (elements 65536 to 69999)", Assert.Single(faults).Message);
    }

    [Fact]
    public void A_loss_that_is_not_finite_fails_the_step()
    {
        using var group = new AllReduceGroup(members: 2, shards: 2, elements: 10, unix: true);
        var faults = FaultsOf(group, member => member.Reduce(1, 2, new[] { float.NaN, 1f, 0f, 1f, 0f, 0f }), failing: 0);
        Assert.Equal("the loss is not finite (NaN)", Assert.Single(faults).Message);
    }

    [Fact]
    public void A_batch_of_which_no_sample_counts_is_a_step_without_a_loss()
    {
        using var group = new AllReduceGroup(members: 2, shards: 2, elements: 10, unix: true);
        group.OnEach(member =>
        {
            var statistics = member.Reduce(1, 2, new float[SampleResults.Rows]).Statistics;
            Assert.Equal(new PassSums(0, 0, 0, 0, Samples: 2), statistics);
            Assert.True(double.IsNaN(statistics.MeanLoss) && double.IsNaN(statistics.Accuracy));
            return true;
        });
    }

    [Fact]
    public void A_loss_that_is_not_finite_fails_the_step_though_no_sample_counts()
    {
        using var group = new AllReduceGroup(members: 2, shards: 2, elements: 10, unix: true);
        var faults = FaultsOf(group, member => member.Reduce(1, 2, new[] { float.NaN, 0f, 0f, 0f, 0f, 0f }), failing: 0);
        Assert.Equal("the loss is not finite (NaN)", Assert.Single(faults).Message);
    }

    [Fact]
    public void An_item_is_committed_once_all_have_applied_it_and_nobody_gets_totals_of_the_next_before()
    {
        using var group = new AllReduceGroup(members: 3, shards: 3, elements: 10, unix: true);
        group.OnEach(member =>
        {
            for (var item = 1UL; item <= 20; item++)
            {
                member.Reduce(item, 3, Statistics(group.Plan, member.Rank, 3));
                Assert.True(member.Committed >= item - 1, $"rank {member.Rank} has the totals of item {item}; {member.Committed} is committed");
            }

            return true;
        });
    }

    [Fact]
    public void Nothing_is_committed_where_members_came_to_different_states()
    {
        using var group = new AllReduceGroup(members: 3, shards: 3, elements: 10, unix: true);
        group.OnEach(member => member.Reduce(1, 3, Statistics(group.Plan, member.Rank, 3), hash: member.Rank == 2 ? 0xBAD : 0x600DUL));
        var differ = group.Heard<AllReduce.Disagreed>();
        Assert.Equal((1UL, 3), (differ.Item, differ.Hashes.Count));
        Assert.Equal([0x600DUL, 0x600DUL, 0xBADUL], differ.Hashes.OrderBy(hash => hash.Key, StringComparer.Ordinal).Select(hash => hash.Value));
        Assert.All(group.Members, member => Assert.Equal(0UL, member.Committed));
    }

    [Fact]
    public void Who_waits_says_for_whom()
    {
        using var group = new AllReduceGroup(members: 3, shards: 3, elements: 10, unix: true);
        group.OnEach(member =>
        {
            if (member.Rank == 0)
            {
                Assert.Throws<OperationCanceledException>(() => member.Reduce(1, 3, Statistics(group.Plan, 0, 3), patience: TimeSpan.FromMilliseconds(1)));
            }
            else if (member.Rank == 1)
            {
                Assert.Throws<OperationCanceledException>(() => member.Reduce(1, 3, Statistics(group.Plan, 1, 3)));
            }
            else
            {
                while (group.Heard<AllReduce.Missing>() is var missing && !missing.From.SequenceEqual(["worker-2"]))
                {
                }

                group.Members[0].Abort();
                group.Members[1].Abort();
            }

            return true;
        });
    }

    [Fact]
    public void The_generation_ends_for_all_with_the_item_in_which_rank_0_heard_of_the_wish()
    {
        using var group = new AllReduceGroup(members: 3, shards: 3, elements: 10, unix: true);
        var ends = group.OnEach(member =>
        {
            for (var item = 1UL; ; item++)
            {
                if (item == 5 && member.Rank == 2)
                {
                    member.Actor.Tell(AllReduce.Hold.Instance);
                }

                if (member.Reduce(item, 3, Statistics(group.Plan, member.Rank, 3)).EndsGeneration)
                {
                    return item;
                }
            }
        });
        Assert.Equal(5UL, Assert.Single(ends.Distinct()));
    }

    [Fact]
    public void Statistics_of_a_wrong_length_name_their_sender()
    {
        using var group = new AllReduceGroup(members: 2, shards: 2, elements: 10, unix: true);
        var faults = FaultsOf(group, member => member.Reduce(1, 2, new float[member.Rank == 1 ? 5 : 6]), failing: 0);
        Assert.Equal("worker-1 sent statistics of 5 elements; it owes 6", Assert.Single(faults).Message);
    }

    /// <summary>Runs a step that one member finds at fault; the others get no totals and are let go.</summary>
    private static List<StepFailedException> FaultsOf(AllReduceGroup group, Func<AllReduceMember, ReduceResult> reduce, int failing)
    {
        var faults = new List<StepFailedException>();
        group.OnEach(member =>
        {
            try
            {
                reduce(member);
                Assert.Fail($"Rank {member.Rank} finished the step.");
            }
            catch (StepFailedException fault)
            {
                Assert.Equal(failing, member.Rank);
                faults.Add(fault);
                group.Members.Where(other => other.Rank != failing).ToList().ForEach(other => other.Abort());
            }
            catch (OperationCanceledException)
            {
                Assert.NotEqual(failing, member.Rank);
            }

            return true;
        });
        return faults;
    }

    private static void Fill(Span<float> gradient, ShardRange root, int step)
    {
        for (var i = 0; i < gradient.Length; i++)
        {
            gradient[i] = Value(root, step, i);
        }
    }

    private static int Value(ShardRange root, int step, int element) => ((root.Lo + 1) * 64 * step) + (element % 64 * 64);

    private static void CheckTotal(ReadOnlySpan<float> total, AllReducePlan plan, int step, int samples, int rounded = 0)
    {
        var filled = plan.Ranges.Where(range =>
            ShardTree.FirstPosition(range.Hi, samples, plan.Shards) > ShardTree.FirstPosition(range.Lo, samples, plan.Shards)).ToArray();
        for (var i = 0; i < total.Length; i++)
        {
            var expected = filled.Sum(range => Value(range, step, i)) / (float)samples;
            expected = i < rounded ? Bfloat16.Round(expected) : expected;
            if (total[i] != expected)
            {
                Assert.Fail($"Step {step}, element {i}: {total[i]}, expected {expected}");
            }
        }
    }

    /// <summary>Loss: position + 1; correct: every second.</summary>
    private static float[] Statistics(AllReducePlan plan, int rank, int samples)
    {
        var positions = new BatchSlice(samples, plan.Shards, plan.Roots[rank]).Positions().ToArray();
        return
        [
            .. positions.Select(position => position + 1f), .. positions.Select(position => (position % 3) + 1f), .. positions.Select(position => position % 2f),
            .. positions.Select(position => position % 5 == 4 ? 0f : 1f), .. new float[2 * positions.Length],
        ];
    }

    private static long Counted(int samples) => samples - (samples / 5);

    private static double Weight(int samples) => Enumerable.Range(0, samples).Sum(position => (position % 3) + 1);
}
