using Trainer.Kernels.Data;

namespace Trainer.Kernels.Tests.Data;

public class EpochOrderTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1009)]
    [InlineData(60_000)]
    public void Every_sample_comes_once(int count)
    {
        var order = Order(count, seed: 3, epoch: 2);

        Assert.Equal(Enumerable.Range(0, count), order.Order());
    }

    [Fact]
    public void The_order_is_a_function_of_seed_and_epoch()
    {
        Assert.Equal(Order(1009, 3, 2), Order(1009, 3, 2));
        Assert.NotEqual(Order(1009, 3, 2), Order(1009, 3, 1));
        Assert.NotEqual(Order(1009, 3, 2), Order(1009, 4, 2));
        Assert.NotEqual(Order(1009, 3, 2), Order(1009, 3 + (1UL << 32), 2));
    }

    /// <summary>Golden, from a second implementation (in Python, from the papers): changing it changes every job's result.</summary>
    [Fact]
    public void The_order_of_a_seed_never_changes()
    {
        Assert.Equal([0, 11, 2, 5, 1, 9, 10, 8, 6, 3, 7, 4], Order(12, seed: 1, epoch: 1));
        Assert.Equal([0, 4, 5, 6, 1, 3, 2], Order(7, seed: (1UL << 40) + 3, epoch: 2));
    }

    [Fact]
    public void Without_shuffling_the_order_is_that_of_the_file()
    {
        var order = new int[5];
        EpochOrder.Fill(order, 1, 1, shuffle: false);

        Assert.Equal([0, 1, 2, 3, 4], order);
        Assert.Throws<ArgumentOutOfRangeException>(() => EpochOrder.Fill(new int[5], 1, 0, shuffle: true));
    }

    /// <summary>All 24 orders of four samples over 24,000 epochs: chi-squared with 23 degrees of freedom is below 59 with probability 1 - 5e-5.</summary>
    [Fact]
    public void Every_order_is_equally_likely()
    {
        var counts = new Dictionary<string, int>();
        for (var epoch = 1; epoch <= 24_000; epoch++)
        {
            var key = string.Join("", Order(4, seed: 9, epoch));
            counts[key] = counts.GetValueOrDefault(key) + 1;
        }

        Assert.Equal(24, counts.Count);
        Assert.InRange(counts.Values.Sum(count => Math.Pow(count - 1000, 2) / 1000), 5, 59);
    }

    private static int[] Order(int count, ulong seed, int epoch)
    {
        var order = new int[count];
        EpochOrder.Fill(order, seed, epoch, shuffle: true);
        return order;
    }
}
