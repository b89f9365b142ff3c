using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Devices;

public abstract class NormalizationSuite(DeviceVariants variants)
{
    private const float Eps = 1e-5f;

    /// <summary>Channels and pixels: one pixel, few, a multiple of a vector, several samples a piece, a piece and more a sample; many channels.</summary>
    public static TheoryData<int, int> Shapes => new()
    {
        { 37, 1 }, { 3, 2 }, { 5, 49 }, { 3, 144 }, { 2, 1024 }, { 3, 1031 }, { 2, 2500 }, { 131, 7 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Batch_norm_equals_the_reference(int channels, int pixels)
    {
        foreach (var slice in BatchSlices())
        {
            foreach (var sync in slice.Roots.Count == 1 && slice.Roots[0].Count == slice.Shards ? new[] { false, true } : [false])
            {
                var g = new BatchNormGeometry(channels, pixels, Eps, sync);
                var affine = (channels + slice.Shards) % 3 != 0;
                var (activation, addend) = LayerEpilogues.Outputs[(pixels + slice.Shards) % LayerEpilogues.Outputs.Count];
                variants.MustEqualReference($"{g}, {Slices.NameOf(slice)}, groups of {slice.GroupShards}, {activation}, addend {addend}", (device, gap) =>
                    Forward(device, gap, g, slice, affine, activation, addend));
                (activation, addend) = LayerEpilogues.Gradients[(pixels + slice.Shards) % LayerEpilogues.Gradients.Count];
                variants.MustEqualReference($"{g} backward, {Slices.NameOf(slice)}, groups of {slice.GroupShards}, {activation}, addend {addend}", (device, gap) =>
                    Backward(device, gap, g, slice, affine, activation, addend));
            }

            var frozen = new BatchNormGeometry(channels, pixels, Eps, Frozen: true);
            var (before, added) = LayerEpilogues.Gradients[(pixels + slice.Shards) % LayerEpilogues.Gradients.Count];
            variants.MustEqualReference($"{frozen} backward, {Slices.NameOf(slice)}, {before}, addend {added}", (device, gap) =>
                Backward(device, gap, frozen, slice, slice.Shards % 2 == 0, before, added));
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Batch_norm_in_evaluation_equals_the_reference(int channels, int pixels)
    {
        foreach (var (activation, addend) in LayerEpilogues.Outputs)
        {
            var g = new BatchNormGeometry(channels, pixels, Eps);
            variants.MustEqualReference($"{g}, {activation}, addend {addend}", (device, gap) =>
            {
                using var tensors = new Gapped(device, gap);
                using var dense = new Guarded();
                var (weight, bias) = Affine(device, dense, channels, !addend);
                var mean = dense.Input(device, TestData.Values(channels, 3));
                var variance = dense.Input(device, [.. TestData.Values(channels, 4).Select(MathF.Abs)]);
                var x = tensors.Input(7, TestData.Values(7 * channels * pixels, 5));
                var y = addend ? tensors.Input(7, TestData.Values(7 * channels * pixels, 6)) : tensors.Output(7, channels * pixels);
                var saved = dense.Output(device, 3 * 2 * channels);
                device.Normalization.BatchNormInference(g, 7, x, weight, bias, mean, variance, new OutputEpilogue(activation, addend ? y : default), y, saved, groups: 3);
                return [.. tensors.Read(y), .. device.Read(saved)];
            });
        }
    }

    [Theory]
    [InlineData(6, 49, 3)]
    [InlineData(5, 1, 1)]
    [InlineData(8, 1, 2)]
    [InlineData(4, 1031, 4)]
    [InlineData(6, 300, 2)]
    [InlineData(3, 2500, 1)]
    public void Group_norm_equals_the_reference(int channels, int pixels, int groups)
    {
        var g = new GroupNormGeometry(channels, pixels, groups, Eps);
        foreach (var affine in new[] { true, false })
        {
            foreach (var (activation, addend) in LayerEpilogues.Outputs)
            {
                variants.MustEqualReference($"{g}, {activation}, addend {addend}", (device, gap) => GroupForward(device, gap, g, 7, affine, activation, addend));
            }

            foreach (var slice in Slices.Of(5))
            {
                var (activation, addend) = LayerEpilogues.Gradients[(pixels + slice.Shards) % LayerEpilogues.Gradients.Count];
                variants.MustEqualReference($"{g} backward, {Slices.NameOf(slice)}, {activation}, addend {addend}", (device, gap) =>
                    GroupBackward(device, gap, g, slice, affine, activation, addend));
            }
        }
    }

    [Fact]
    public void Groups_give_the_same_values_wherever_their_samples_are()
    {
        var (g, whole) = (new BatchNormGeometry(3, 49, Eps), new BatchSlice(41, 8, [new(0, 8)], 2));
        var device = variants.All[0];
        var all = Forward(device, 0, g, whole, true, Activation.None, false);
        foreach (var root in new ShardRange[] { new(0, 4), new(4, 8), new(2, 4), new(6, 8) })
        {
            var part = new BatchSlice(41, 8, [root], 2);
            var values = Forward(device, 0, g, part, true, Activation.None, false, part.FirstPosition(root.Lo));
            var (first, count) = (whole.FirstPosition(root.Lo) * 3 * 49, part.LocalSamples * 3 * 49);
            DeviceVariants.MustEqual($"root {root}", all.AsSpan(first, count), values.AsSpan(0, count));
        }
    }

    [Fact]
    public void Split_groups_and_groups_of_one_value_are_refused()
    {
        var device = variants.All[0];
        using var tensors = new Guarded();
        var (x, saved) = (tensors.Output(device, 400), tensors.Output(device, 64));
        void Fails(string message, BatchSlice slice, BatchNormGeometry g) => Assert.Equal(message, Assert.ThrowsAny<ArgumentException>(() =>
            device.Normalization.BatchNormForward(g, slice, x, default, default, saved, [], [], OutputEpilogue.None, x)).Message);

        Fails("BatchNormForward: root [4,6) splits a group, expected whole groups of 4 shards.", new(16, 8, [new(4, 6)], 4), new(3, 4, Eps));
        Fails("BatchNormForward: root [0,4) splits a group, expected whole groups of 8 shards.", new(16, 8, [new(0, 4)], 2), new(3, 4, Eps, Sync: true));
        Fails("BatchNormForward: the group of shards [0,2) has 1 value per channel, expected at least 2.", new(2, 4, [new(0, 4)], 2), new(3, 1, Eps));
    }

    /// <summary>Whole batches in one and several groups, uneven and short shards, an odd last group, several roots, one that starts later.</summary>
    private static IEnumerable<BatchSlice> BatchSlices()
    {
        yield return BatchSlice.Whole(7, 1);
        yield return new BatchSlice(41, 8, [new(0, 8)], 2);
        yield return new BatchSlice(23, 7, [new(0, 7)], 2);
        yield return new BatchSlice(6, 16, [new(0, 16)], 8);
        yield return new BatchSlice(43, 8, [new(0, 2), new(4, 8)], 2);
        yield return new BatchSlice(29, 11, [new(8, 11)], 4);
    }

    private static (Tensor Weight, Tensor Bias) Affine(Device device, Guarded dense, int channels, bool affine) => affine
        ? (dense.Input(device, TestData.Values(channels, 1)), dense.Input(device, TestData.Values(channels, 2)))
        : default;

    /// <summary>y, what is saved of groups with samples, and the sums of roots with samples.</summary>
    private static float[] Forward(
        Device device, int gap, BatchNormGeometry g, BatchSlice slice, bool affine, Activation activation, bool addend, int firstSample = 0)
    {
        using var tensors = new Gapped(device, gap);
        using var dense = new Guarded();
        var (samples, elements, groups) = (slice.LocalSamples, g.C * g.Pixels, GroupSamples(g, slice));
        var (weight, bias) = Affine(device, dense, g.C, affine);
        var x = tensors.Input(samples, Shifted((firstSample + samples) * elements)[(firstSample * elements)..]);
        var y = addend ? tensors.Input(samples, TestData.Values(samples * elements, 6)) : tensors.Output(samples, elements);
        var saved = dense.Output(device, groups.Count * 2 * g.C);
        var means = slice.Roots.Select(_ => dense.Output(device, g.C)).ToArray();
        var variances = slice.Roots.Select(_ => dense.Output(device, g.C)).ToArray();
        device.Normalization.BatchNormForward(g, slice, x, weight, bias, saved, means, variances, new OutputEpilogue(activation, addend ? y : default), y);
        return
        [
            .. tensors.Read(y),
            .. groups.SelectMany((count, i) => count == 0 ? [] : device.Read(saved.Slice(i * 2 * g.C, 2 * g.C))),
            .. means.Zip(variances).SelectMany(root => device.Read(root.First).Concat(device.Read(root.Second))),
        ];
    }

    [Theory]
    [InlineData(1, 5, 3, 3)]
    [InlineData(7, 301, 5, 2)]
    [InlineData(5, 37, 2, 3)]
    [InlineData(67, 1, 5, 7)]
    [InlineData(6, 9, 30, 2)]
    public void Local_response_agrees(int channels, int pixels, int size, int samples)
    {
        foreach (var (alpha, beta, k) in new[] { (1e-4, 0.75, 1.0), (2.5, 0.5, 0.3), (0.7, 1.3, 2.0), (0.0, 0.75, 0.5) })
        {
            var g = new LocalResponseGeometry(channels, pixels, size, alpha, beta, k);
            foreach (var (before, addend) in LayerEpilogues.Gradients)
            {
                variants.MustAgree($"{g}, {before}, addend {addend}", 5e-5f, device => LocalResponse(device, device == DeviceVariants.Reference ? 0 : 11, g, samples, before, addend));
            }
        }
    }

    private static float[] LocalResponse(Device device, int gap, LocalResponseGeometry g, int samples, Activation before, bool addend)
    {
        using var tensors = new Gapped(device, gap);
        using var dense = new Guarded();
        var elements = g.C * g.Pixels;
        var (x, y) = (tensors.Input(samples, TestData.Values(samples * elements, 1, 2)), tensors.Output(samples, elements));
        var inferred = tensors.Output(samples, elements);
        var saved = dense.Output(device, 2 * samples * elements);
        device.Normalization.LocalResponseForward(g, samples, x, default, inferred);
        device.Normalization.LocalResponseForward(g, samples, x, saved, y);
        Assert.Equal(tensors.Read(y), tensors.Read(inferred));
        var dy = tensors.Input(samples, TestData.Values(samples * elements, 7));
        var output = tensors.Input(samples, TestData.Values(samples * elements, 8));
        var dx = addend ? tensors.Input(samples, TestData.Values(samples * elements, 9)) : tensors.Output(samples, elements);
        device.Normalization.LocalResponseBackward(g, samples, x, dy, saved, new GradientEpilogue(before, output, addend ? dx : default), dx);
        return [.. tensors.Read(y), .. tensors.Read(dx)];
    }

    private static float[] Backward(Device device, int gap, BatchNormGeometry g, BatchSlice slice, bool affine, Activation before, bool addend)
    {
        using var tensors = new Gapped(device, gap);
        using var dense = new Guarded();
        var (samples, elements) = (slice.LocalSamples, g.C * g.Pixels);
        var (weight, _) = Affine(device, dense, g.C, affine);
        var x = tensors.Input(samples, Shifted(samples * elements));
        var dy = tensors.Input(samples, TestData.Values(samples * elements, 7));
        var output = tensors.Input(samples, TestData.Values(samples * elements, 8));
        var dx = addend ? tensors.Input(samples, TestData.Values(samples * elements, 9)) : tensors.Output(samples, elements);
        var saved = dense.Input(device, [.. TestData.Values(GroupSamples(g, slice).Count * 2 * g.C, 10).Select(MathF.Abs)]);
        var dweight = slice.Roots.Select(_ => dense.Output(device, g.C)).ToArray();
        var dbias = slice.Roots.Select(_ => dense.Output(device, g.C)).ToArray();
        device.Normalization.BatchNormBackward(g, slice, x, dy, weight, saved, dweight, dbias, new GradientEpilogue(before, output, addend ? dx : default), dx);
        return [.. tensors.Read(dx), .. dweight.Zip(dbias).SelectMany(root => device.Read(root.First).Concat(device.Read(root.Second)))];
    }

    private static float[] GroupForward(Device device, int gap, GroupNormGeometry g, int samples, bool affine, Activation activation, bool addend)
    {
        using var tensors = new Gapped(device, gap);
        using var dense = new Guarded();
        var elements = g.C * g.Pixels;
        var (weight, bias) = Affine(device, dense, g.C, affine);
        var x = tensors.Input(samples, Shifted(samples * elements));
        var y = addend ? tensors.Input(samples, TestData.Values(samples * elements, 6)) : tensors.Output(samples, elements);
        var saved = dense.Output(device, samples * g.Groups * 2);
        device.Normalization.GroupNormForward(g, samples, x, weight, bias, saved, new OutputEpilogue(activation, addend ? y : default), y);
        return [.. tensors.Read(y), .. device.Read(saved)];
    }

    private static float[] GroupBackward(Device device, int gap, GroupNormGeometry g, BatchSlice slice, bool affine, Activation before, bool addend)
    {
        using var tensors = new Gapped(device, gap);
        using var dense = new Guarded();
        var (samples, elements) = (slice.LocalSamples, g.C * g.Pixels);
        var (weight, _) = Affine(device, dense, g.C, affine);
        var x = tensors.Input(samples, Shifted(samples * elements));
        var dy = tensors.Input(samples, TestData.Values(samples * elements, 7));
        var output = tensors.Input(samples, TestData.Values(samples * elements, 8));
        var dx = addend ? tensors.Input(samples, TestData.Values(samples * elements, 9)) : tensors.Output(samples, elements);
        var saved = dense.Input(device, [.. TestData.Values(samples * g.Groups * 2, 10).Select(MathF.Abs)]);
        var dweight = slice.Roots.Select(_ => dense.Output(device, g.C)).ToArray();
        var dbias = slice.Roots.Select(_ => dense.Output(device, g.C)).ToArray();
        device.Normalization.GroupNormBackward(g, slice, x, dy, weight, saved, dweight, dbias, new GradientEpilogue(before, output, addend ? dx : default), dx);
        return [.. tensors.Read(dx), .. dweight.Zip(dbias).SelectMany(root => device.Read(root.First).Concat(device.Read(root.Second)))];
    }

    /// <summary>Samples of each group of the slice.</summary>
    private static List<int> GroupSamples(BatchNormGeometry g, BatchSlice slice)
    {
        var run = g.Frozen ? 1 : g.Sync ? slice.Shards : slice.GroupShards;
        return [.. from root in slice.Roots
                   from i in Enumerable.Range(0, (root.Count + run - 1) / run)
                   let lo = root.Lo + (i * run)
                   select slice.RootSamples(new ShardRange(lo, Math.Min(lo + run, root.Hi)))];
    }

    /// <summary>Values away from zero, so that a variance by sums of squares would cancel.</summary>
    private static float[] Shifted(int count) => [.. TestData.Values(count, 5).Select(value => value + 3)];
}
