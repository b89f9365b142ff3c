using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Devices.Cpu.Updates;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Devices;

public abstract class UpdateSuite(DeviceVariants variants)
{
    private static readonly UpdateRun Sgd = new(UpdateRule.Sgd, 0) { LearningRate = 0.1f };
    private static readonly UpdateRun Adam = new(UpdateRule.Adam, 0) { LearningRate = 1e-3f, Beta1 = 0.9f, Beta2 = 0.999f, Eps = 1e-8f, Step = 7 };

    private static readonly UpdateRun RmsProp = new(UpdateRule.RmsProp, 0) { LearningRate = 0.01f, Beta2 = 0.99f, Eps = 1e-8f, Step = 3 };

    private static readonly UpdateRun Adagrad = new(UpdateRule.Adagrad, 0) { LearningRate = 0.01f, Eps = 1e-10f, InitialSquare = 0.3f, Step = 3 };

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
        { RmsProp, 70_001 },
        { RmsProp with { WeightDecay = 0.01f, Momentum = 0.9f }, 4099 },
        { RmsProp with { Centered = true }, 2049 },
        { RmsProp with { Centered = true, Momentum = 0.9f, WeightDecay = 0.1f }, 65_537 },
        { Adagrad, 70_001 },
        { Adagrad with { WeightDecay = 0.01f, Step = 1 }, 4099 },
        { Sgd with { AverageShare = 0.001f }, 70_001 },
        { Sgd with { Momentum = 0.9f, AverageShare = 1 }, 4099 },
        { Adam with { AverageShare = 0.25f }, 1031 },
        { new UpdateRun(UpdateRule.Average, 0) { Momentum = 0.1f, AverageShare = 1 }, 517 },
        { new UpdateRun(UpdateRule.Keep, 0) { AverageShare = 0.5f }, 1009 },
        { new UpdateRun(UpdateRule.Average, 0) { Momentum = 0.1f }, 1009 },
        { new UpdateRun(UpdateRule.Keep, 0), 1009 },
    };

    [Theory]
    [MemberData(nameof(Single))]
    public void A_rule_equals_the_reference_and_the_hashes_depend_on_what_it_wrote_alone(UpdateRun rule, int count)
    {
        var run = rule with { Elements = count };
        foreach (var scale in new[] { 1, 0.3f })
        {
            variants.MustEqualReference($"{run}, scale {scale}", device => Update(device, [run], scale, count).Values);
            var all = variants.Alike.Select(device => Update(device, [run], scale, count)).ToList();
            Assert.All(all, updated => Assert.Equal([.. all[0].Read, .. all[0].Written], (ulong[])[.. updated.Read, .. updated.Written]));
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
            Adagrad with { Elements = 517, WeightDecay = 0.1f },
            RmsProp with { Elements = 1031, Centered = true, Momentum = 0.5f },
            Adam with { Elements = 2048, Rule = UpdateRule.AdamW, LearningRate = 0.01f, WeightDecay = 0.1f },
            Sgd with { Elements = 61_003, LearningRate = 0.2f },
        ];
        var count = (int)runs.Sum(run => run.Elements);
        variants.MustEqualReference("runs", device => Update(device, runs, 0.7f, count).Values);
        var (values, read, written) = Update(variants.All[0], runs, 0.7f, count);
        Assert.Equal(written, values.Chunk(count).SelectMany(HashesOf));
        Assert.Equal(read, Before(runs, count).SelectMany(HashesOf));
        Assert.All(variants.Alike, device =>
        {
            var updated = Update(device, runs, 0.7f, count);
            Assert.Equal(read, updated.Read);
            Assert.Equal(written, updated.Written);
        });
    }

    /// <summary>The most buffers that there can be: weights, three of the optimizer, and the average, which runs take part in or leave as it is; and the fewest.</summary>
    [Fact]
    public void An_average_lies_behind_all_that_an_optimizer_keeps()
    {
        UpdateRun[] runs =
        [
            RmsProp with { Elements = 1031, Centered = true, Momentum = 0.9f, AverageShare = 0.1f },
            RmsProp with { Elements = 70_001, Centered = true, Momentum = 0.9f },
            new(UpdateRule.Average, 13) { Momentum = 0.1f, AverageShare = 1 },
            new(UpdateRule.Keep, 517) { AverageShare = 0.3f },
        ];
        foreach (var tried in new[] { runs, [.. runs.Select(run => run with { AverageShare = 0 })], [Sgd with { Elements = 1031 }] })
        {
            var count = (int)tried.Sum(run => run.Elements);
            variants.MustEqualReference("average", device => Update(device, tried, 0.7f, count, averages: true).Values);
            var all = variants.Alike.Select(device => Update(device, tried, 0.7f, count, averages: true)).ToList();
            Assert.All(all, updated => Assert.Equal([.. all[0].Read, .. all[0].Written], (ulong[])[.. updated.Read, .. updated.Written]));
            Assert.Equal(all[0].Written, all[0].Values.Chunk(count).SelectMany(HashesOf));
        }
    }

    [Theory]
    [InlineData(1031)]
    [InlineData(70_001)]
    public void An_update_where_the_state_is_and_one_beside_it_are_the_same(int count)
    {
        UpdateRun[] runs = [Adam with { Elements = 517 }, new(UpdateRule.Keep, 9), Sgd with { Elements = count - 526, Momentum = 0.9f }];
        foreach (var device in variants.All)
        {
            var (beside, read, written) = Update(device, runs, 0.3f, count);
            var inPlace = Update(device, runs, 0.3f, count, inPlace: true);
            Assert.Equal(beside, inPlace.Values);
            Assert.Equal(read, inPlace.Read);
            Assert.Equal(written, inPlace.Written);
        }
    }

    /// <summary>Large buffers are written past the caches.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public void An_update_of_a_large_buffer_has_the_hashes_of_what_lies_there()
    {
        const int Count = (4 << 20) + 70_037;
        ulong[]? expected = null;
        foreach (var device in variants.Alike)
        {
            using var tensors = new Guarded();
            var total = tensors.Input(device, TestData.Values(Count, 2));
            Tensor[] before = [tensors.Input(device, TestData.Values(Count, 1)), tensors.Input(device, TestData.Values(Count, 3))];
            Tensor[] after = [tensors.Output(device, Count), tensors.Output(device, Count)];
            var (chunks, hashes) = ((Count + 65_535) / 65_536, new ulong[4 * ((Count + 65_535) / 65_536)]);
            var ofTotal = new ulong[chunks];
            device.Updates.Update([Sgd with { Elements = Count, Momentum = 0.9f }], 1, total, before, after, hashes.AsSpan(0, 2 * chunks), hashes.AsSpan(2 * chunks), ofTotal);
            var again = new ulong[hashes.Length];
            for (var i = 0; i < 4; i++)
            {
                device.Updates.Hash(i < 2 ? before[i] : after[i - 2], again.AsSpan(i * chunks, chunks));
            }

            Assert.Equal(again, hashes);
            device.Updates.Hash(total, again.AsSpan(0, chunks));
            Assert.Equal(again[..chunks], ofTotal);
            Assert.Equal(expected ??= hashes, hashes);
        }
    }

    [Fact]
    public void The_hash_sees_every_bit_of_every_weight_and_their_order()
    {
        const int Count = 1000;
        var weights = TestData.Values(Count, 1);
        var hashes = new HashSet<ulong> { HashesOf(weights)[0] };
        for (var i = 0; i < Count; i++)
        {
            var changed = weights.ToArray();
            changed[i] = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(changed[i]) ^ (1 << (i % 32)));
            Assert.True(hashes.Add(HashesOf(changed)[0]), $"Bit {i % 32} of weight {i} does not show.");
        }

        (weights[3], weights[19]) = (weights[19], weights[3]);
        Assert.True(hashes.Add(HashesOf(weights)[0]));
    }

    [Fact]
    public void Wrong_runs_are_refused_in_words()
    {
        var device = variants.All[0];
        using var tensors = new Guarded();
        var w = tensors.Output(device, 10);
        void Fails(string message, UpdateRun run) =>
            Assert.Equal(message, Assert.ThrowsAny<ArgumentException>(() => device.Updates.Update([run], 1, w, [w], [w], new ulong[1], new ulong[1])).Message);

        Fails("Update: the runs cover 9 elements, the weights have 10.", Sgd with { Elements = 9 });
        Fails("Update: run 0 is at step 0 of Adam, expected at least 1.", Adam with { Elements = 10, Step = 0 });
        Fails("Update: run 0 is Sgd, keeps 0 buffers beside the weights and an average of them, got 0.", Sgd with { Elements = 10, AverageShare = 1 });
        Fails("Update: run 0 is Sgd and keeps 1 buffers beside the weights, got 0.", Sgd with { Elements = 10, Momentum = 0.5f });
        Assert.Equal(
            "Hash: room for 2 hashes, 10 elements have 1 chunks.",
            Assert.ThrowsAny<ArgumentException>(() => device.Updates.Hash(w, new ulong[2])).Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(37)]
    [InlineData(65_536)]
    [InlineData(200_003)]
    public void The_squared_norm_equals_the_reference(int count) => variants.MustEqualReference("norm", device =>
    {
        using var tensors = new Guarded();
        var norm = device.Updates.SquaredNorm(tensors.Input(device, TestData.Values(count, 1)));
        var (high, rest) = ((float)norm, norm - (float)norm);
        return [high, (float)rest, (float)(rest - (float)rest)];
    });

    [Theory]
    [InlineData(37)]
    [InlineData(200_003)]
    public void The_squared_norm_on_the_host_is_that_of_a_device(int count)
    {
        using var tensors = new Guarded();
        var values = TestData.Values(count, 1);
        Assert.Equal(variants.All[0].Updates.SquaredNorm(tensors.Input(variants.All[0], values)), SquaredNorm.Of(values));
    }

    /// <summary>The squares alone are beyond float32, or below it.</summary>
    [Theory]
    [InlineData(3e38f)]
    [InlineData(1e-40f)]
    public void Finite_values_have_a_finite_squared_norm(float value)
    {
        foreach (var device in variants.All)
        {
            using var tensors = new Guarded();
            var norm = device.Updates.SquaredNorm(tensors.Input(device, [.. Enumerable.Repeat(value, 70_001)]));
            Assert.Equal(70_001 * (double)value * value, norm, 1e-12 * norm);
        }
    }

    [Fact]
    public void Averages_keep_small_values_and_a_share_of_one_forgets_the_old()
    {
        foreach (var device in variants.All)
        {
            using var tensors = new Guarded();
            var (w, total) = (tensors.Input(device, [1, 1]), tensors.Input(device, [3.81e-8f, 2]));
            device.Updates.Update([new UpdateRun(UpdateRule.Average, 2) { Momentum = 1 }], 1, total, [w], [w], new ulong[1], new ulong[1]);
            Assert.Equal([3.81e-8f, 2], device.Read(w));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(1_009)]
    [InlineData(65_536)]
    public void The_hash_of_host_memory_is_that_of_every_device(int count)
    {
        var values = TestData.Values(count, 1);
        foreach (var device in count > 0 ? variants.All : [])
        {
            using var tensors = new Guarded();
            var hashes = new ulong[1];
            device.Updates.Hash(tensors.Input(device, values), hashes);
            Assert.Equal(hashes[0], HostHash.Of(values));
        }

        Assert.NotEqual(HostHash.Of(values), HostHash.Of([.. values, 0]));
    }

    private ulong[] HashesOf(float[] values)
    {
        using var tensors = new Guarded();
        var device = variants.All[0];
        var hashes = new ulong[(values.Length + 65_535) / 65_536];
        device.Updates.Hash(tensors.Input(device, values), hashes);
        return hashes;
    }

    /// <summary>Weights and buffers of an optimizer that could have come about: squares are not negative.</summary>
    private static float[][] Before(UpdateRun[] runs, int count)
    {
        var isVelocity = runs.All(run => run.Rule is UpdateRule.Sgd or UpdateRule.Adam or UpdateRule.AdamW);
        return
        [
            TestData.Values(count, 1),
            [.. TestData.Values(count, 3).Select(value => isVelocity ? value : MathF.Abs(value))],
            [.. TestData.Values(count, 4).Select(MathF.Abs)],
            TestData.Values(count, 5, 0.1f),
        ];
    }

    private static (float[] Values, ulong[] Read, ulong[] Written) Update(Device device, UpdateRun[] runs, float scale, int count, bool inPlace = false, bool averages = false)
    {
        using var tensors = new Guarded();
        var total = tensors.Input(device, TestData.Values(count, 2));
        var buffers = averages ? [.. Before(runs, count), TestData.Values(count, 6)] : Before(runs, count);
        Tensor[] before = [.. buffers.Select(values => tensors.Input(device, values))];
        var after = inPlace ? before : [.. before.Select(_ => tensors.Output(device, count))];
        var hashes = buffers.Length * ((count + 65_535) / 65_536);
        var (read, written) = (new ulong[hashes], new ulong[hashes]);
        device.Updates.Update(runs, scale, total, before, after, read, written);
        return ([.. after.SelectMany(tensor => device.Read(tensor).ToArray())], read, written);
    }
}
