using Trainer.Kernels.Randomness;
using Trainer.Kernels.Training.Planning;

namespace Trainer.Kernels.Tests.Training;

public class ArenaPlannerTests
{
    [Fact]
    public void Tensors_that_never_meet_share_memory()
    {
        var (offsets, elements) = ArenaPlanner.Plan([new(100, 0, 1), new(64, 2, 3), new(20, 4, 4)]);

        Assert.Equal([0L, 0, 0], offsets);
        Assert.Equal(112, elements);
    }

    [Fact]
    public void A_gap_between_two_that_live_longer_is_used()
    {
        var (offsets, elements) = ArenaPlanner.Plan([new(48, 0, 5), new(32, 0, 1), new(64, 0, 5), new(17, 3, 4)]);

        Assert.Equal([64L, 112, 0, 112], offsets);
        Assert.Equal(144, elements);
    }

    [Fact]
    public void Nothing_needs_nothing() => Assert.Equal(0, ArenaPlanner.Plan([]).Elements);

    [Fact]
    public void Tensors_alive_together_never_overlap_and_all_are_aligned()
    {
        for (var seed = 0U; seed < 50; seed++)
        {
            var tensors = Enumerable.Range(0, 3 + (int)seed).Select(i =>
            {
                var drawn = Philox.Block(seed, (uint)i, 0, 0, 0);
                var first = (int)(drawn.Word1 % 20);
                return new Lifetime(drawn.Word0 % 1000, first, first + (int)(drawn.Word2 % 7));
            }).ToList();
            var (offsets, elements) = ArenaPlanner.Plan(tensors);

            Assert.All(offsets, offset => Assert.Equal(0, offset % 16));
            for (var a = 0; a < tensors.Count; a++)
            {
                Assert.True(offsets[a] + tensors[a].Elements <= elements);
                Assert.All(Enumerable.Range(0, a).Where(b => tensors[a].Overlaps(tensors[b])), b => Assert.True(
                    offsets[a] + tensors[a].Elements <= offsets[b] || offsets[b] + tensors[b].Elements <= offsets[a],
                    $"seed {seed}: tensors {a} and {b}"));
            }

            var peak = Enumerable.Range(0, 30).Max(time => tensors.Where(t => t.First <= time && time <= t.Last).Sum(t => t.Elements + 15));
            Assert.True(elements <= 2 * peak, $"seed {seed}: {elements} elements, of which at most {peak} are alive at a time");
        }
    }
}
