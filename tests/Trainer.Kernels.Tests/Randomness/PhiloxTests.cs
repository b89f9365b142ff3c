using Trainer.Kernels.Layers;
using Trainer.Kernels.Randomness;

namespace Trainer.Kernels.Tests.Randomness;

public class PhiloxTests
{
    /// <summary>The known answers that come with Random123 1.14 (tests/kat_vectors, philox4x32 10).</summary>
    [Theory]
    [InlineData(0x0000000000000000UL, 0x00000000U, 0x00000000U, 0x00000000U, 0x00000000U, 0x6627e8d5U, 0xe169c58dU, 0xbc57ac4cU, 0x9b00dbd8U)]
    [InlineData(0xffffffffffffffffUL, 0xffffffffU, 0xffffffffU, 0xffffffffU, 0xffffffffU, 0x408f276dU, 0x41c83b0eU, 0xa20bc7c6U, 0x6d5451fdU)]
    [InlineData(0x299f31d0a4093822UL, 0x243f6a88U, 0x85a308d3U, 0x13198a2eU, 0x03707344U, 0xd16cfe09U, 0x94fdccebU, 0x5001e420U, 0x24126ea1U)]
    public void Known_answers(ulong key, uint c0, uint c1, uint c2, uint c3, uint w0, uint w1, uint w2, uint w3) =>
        Assert.Equal(new PhiloxBlock(w0, w1, w2, w3), Philox.Block(key, c0, c1, c2, c3));

    [Fact]
    public void A_sequence_walks_through_the_blocks()
    {
        var sequence = new PhiloxSequence(seed: 42, stream: 7, RandomPurpose.EpochOrder);
        for (var i = 0U; i < 11; i++)
        {
            Assert.Equal(Philox.Block(42, i / 4, 0, 7, (uint)RandomPurpose.EpochOrder)[(int)i % 4], sequence.Next());
        }
    }

    [Theory]
    [InlineData(1U)]
    [InlineData(3U)]
    [InlineData(7U)]
    [InlineData(1000U)]
    [InlineData(0xC0000001U)]
    public void Numbers_below_an_end_are_below_it_and_even(uint end)
    {
        const int draws = 40_000;
        var random = new PhiloxSequence(seed: 5, stream: 0, RandomPurpose.EpochOrder);
        var mean = 0.0;
        for (var i = 0; i < draws; i++)
        {
            var drawn = random.Below(end);
            Assert.True(drawn < end);
            mean += drawn / (double)draws;
        }

        var deviation = end / Math.Sqrt(12.0 * draws);
        Assert.InRange(mean, ((end - 1.0) / 2) - (5 * deviation), ((end - 1.0) / 2) + (5 * deviation));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(10007)]
    public void Uniform_values_fill_their_interval_and_depend_on_their_index_alone(int count)
    {
        var (values, longer) = (new float[count], new float[count + 5]);
        new Uniform(0.25f).Fill(values, seed: 3, parameter: 1);
        new Uniform(0.25f).Fill(longer, seed: 3, parameter: 1);

        Assert.Equal(values, longer[..count]);
        Assert.All(values, value => Assert.InRange(value, -0.25f, 0.25f));
        if (count > 1000)
        {
            Assert.InRange(values.Min(), -0.25f, -0.249f);
            Assert.InRange(values.Max(), 0.249f, 0.25f);
            Assert.InRange(values.Average(), -0.006f, 0.006f);
        }
    }

    [Fact]
    public void Seeds_and_parameters_draw_different_numbers()
    {
        var drawn = new HashSet<float>();
        foreach (var (seed, parameter) in new[] { (0UL, 0), (0UL, 1), (1UL, 0), (1UL << 32, 0) })
        {
            var value = new float[1];
            new Uniform(1).Fill(value, seed, parameter);
            Assert.True(drawn.Add(value[0]));
        }
    }

    /// <summary>PyTorch 1.13: torch.nn.init.xavier_uniform_ and the default reset_parameters of Conv2d(6, 16, 5) and Linear(400, 120).</summary>
    [Fact]
    public void Bounds_are_those_of_pytorch()
    {
        Assert.Equal(new Uniform((float)Math.Sqrt(6.0 / (150 + 400))), Initializer.Weights(WeightInit.XavierUniform, 150, 400));
        Assert.Equal(new Uniform((float)(1 / Math.Sqrt(150))), Initializer.Weights(WeightInit.KaimingUniform, 150, 400));
        Assert.Equal(new Uniform(0.05f), Initializer.Bias(null, 400, 1));
    }
}
