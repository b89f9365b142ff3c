using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Devices;

public abstract class UpdateSuite(DeviceVariants variants)
{
    private static readonly UpdateRun Sgd = new(UpdateRule.Sgd, 0) { LearningRate = 0.1f };
    private static readonly UpdateRun Adam = new(UpdateRule.Adam, 0) { LearningRate = 1e-3f, Beta1 = 0.9f, Beta2 = 0.999f, Eps = 1e-8f, Step = 7 };

    public static TheoryData<UpdateRun, int> Single => new()
    {
        { Sgd, 1 },
        { Sgd, 131_111 },
        { Sgd with { Momentum = 0.9f }, 70_001 },
        { Sgd with { Momentum = 0.9f, WeightDecay = 0.01f }, 65_536 },
        { Sgd with { Momentum = 0.9f, Dampening = 0.3f, WeightDecay = 0.01f }, 2049 },
        { Sgd with { Momentum = 0.9f, Dampening = 0.3f, Step = 1 }, 517 },
        { Sgd with { Momentum = 0.9f, Nesterov = true, WeightDecay = 0.01f }, 4099 },
        { Adam, 70_001 },
        { Adam with { WeightDecay = 0.01f, Step = 1 }, 1031 },
        { Adam with { WeightDecay = 0.01f, Rule = UpdateRule.AdamW, Step = 1000 }, 65_537 },
        { new UpdateRun(UpdateRule.Average, 0) { Momentum = 0.1f }, 1009 },
        { new UpdateRun(UpdateRule.Keep, 0), 1009 },
    };

    [Theory]
    [MemberData(nameof(Single))]
    public void A_rule_equals_the_reference_and_the_hash_depends_on_the_weights_alone(UpdateRun rule, int count)
    {
        var run = rule with { Elements = count };
        foreach (var scale in new[] { 1, 0.3f })
        {
            variants.MustEqualReference($"{run}, scale {scale}", device => Update(device, [run], scale, count).Values);
            Assert.Single(variants.Alike.Select(device => Update(device, [run], scale, count).Hash).Distinct());
        }
    }

    [Fact]
    public void Runs_of_any_length_each_follow_their_own_rule()
    {
        UpdateRun[] runs =
        [
            Sgd with { Elements = 3, Momentum = 0.9f },
            new(UpdateRule.Keep, 17),
            Adam with { Elements = 70_000, WeightDecay = 0.1f },
            new(UpdateRule.Average, 1) { Momentum = 0.1f },
            Sgd with { Elements = 0 },
            Adam with { Elements = 2048, Rule = UpdateRule.AdamW, LearningRate = 0.01f, WeightDecay = 0.1f },
            Sgd with { Elements = 61_003, LearningRate = 0.2f },
        ];
        var count = (int)runs.Sum(run => run.Elements);
        variants.MustEqualReference("runs", device => Update(device, runs, 0.7f, count).Values);
        var (values, hash) = Update(variants.All[0], runs, 0.7f, count);
        var weights = values[..count];
        Assert.Equal(hash, HashOf(weights));
        Assert.All(variants.Alike, device => Assert.Equal(hash, Update(device, runs, 0.7f, count).Hash));
    }

    [Fact]
    public void The_hash_sees_every_bit_of_every_weight_and_their_order()
    {
        const int Count = 1000;
        var weights = TestData.Values(Count, 1);
        var hashes = new HashSet<ulong> { HashOf(weights) };
        for (var i = 0; i < Count; i++)
        {
            var changed = weights.ToArray();
            changed[i] = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(changed[i]) ^ (1 << (i % 32)));
            Assert.True(hashes.Add(HashOf(changed)), $"Bit {i % 32} of weight {i} does not show.");
        }

        (weights[3], weights[19]) = (weights[19], weights[3]);
        Assert.True(hashes.Add(HashOf(weights)));
    }

    [Fact]
    public void Wrong_runs_are_refused_in_words()
    {
        var device = variants.All[0];
        using var tensors = new Guarded();
        var w = tensors.Output(device, 10);
        void Fails(string message, UpdateRun run) =>
            Assert.Equal(message, Assert.ThrowsAny<ArgumentException>(() => device.Update([run], 1, w, w, default, default)).Message);

        Fails("Update: the runs cover 9 elements, the weights have 10.", Sgd with { Elements = 9 });
        Fails("Update: run 0 is at step 0 of Adam, expected at least 1.", Adam with { Elements = 10, Step = 0 });
        Fails("Update: state0 is empty, (10) needs 10 elements.", Sgd with { Elements = 10, Momentum = 0.5f });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(37)]
    [InlineData(65_536)]
    [InlineData(200_003)]
    public void The_squared_norm_equals_the_reference(int count) => variants.MustEqualReference("norm", device =>
    {
        using var tensors = new Guarded();
        return [device.SquaredNorm(tensors.Input(device, TestData.Values(count, 1)))];
    });

    private ulong HashOf(float[] weights)
    {
        using var tensors = new Guarded();
        var device = variants.All[0];
        var w = tensors.Input(device, weights);
        return device.Update([new UpdateRun(UpdateRule.Keep, weights.Length)], 1, w, w, default, default);
    }

    private static (float[] Values, ulong Hash) Update(Device device, UpdateRun[] runs, float scale, int count)
    {
        using var tensors = new Guarded();
        var (w, total) = (tensors.Input(device, TestData.Values(count, 1)), tensors.Input(device, TestData.Values(count, 2)));
        var state0 = tensors.Input(device, TestData.Values(count, 3));
        var state1 = tensors.Input(device, [.. TestData.Values(count, 4).Select(MathF.Abs)]);
        var hash = device.Update(runs, scale, w, total, state0, state1);
        return ([.. device.Read(w), .. device.Read(state0), .. device.Read(state1)], hash);
    }
}
