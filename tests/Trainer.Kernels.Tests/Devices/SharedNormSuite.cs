using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>Batch norm groups that several members share have the bits of groups that one member has.</summary>
public abstract class SharedNormSuite(DeviceVariants variants)
{
    private const float Eps = 1e-5f;
    private const int Batch = 41, Shards = 16;

    /// <summary>Whole batches and several groups, an odd last one, shards without samples.</summary>
    public static TheoryData<int, int, int> Batches => new() { { 41, 8, 8 }, { 41, 16, 4 }, { 23, 7, 7 }, { 29, 11, 4 }, { 6, 16, 8 }, { 3, 16, 16 } };

    /// <summary>With both kinds of groups, a shortcut, and layers that share no sums.</summary>
    private static readonly Model Model = Model.FromJson(
        """
        [{"conv2d":{"out_channels":9,"kernel_size":[3],"padding":[1]}},{"batch_norm2d":{}},{"relu":{}},
         {"residual":{"layers":[{"conv2d":{"out_channels":9,"kernel_size":[3],"padding":[1]}},{"batch_norm2d":{"sync":true}}]}},{"relu":{}},
         {"max_pool2d":{"kernel_size":[2]}},{"flatten":{}},{"linear":{"out_features":12}},{"batch_norm1d":{}},{"linear":{"out_features":5}}]
        """,
        new Shape(1, 6, 7));

    [Theory]
    [MemberData(nameof(Batches))]
    public void Shared_groups_have_the_bits_of_whole_ones(int samples, int shards, int group)
    {
        foreach (var (channels, pixels) in new[] { (5, 49), (70, 2), (3, 1031) })
        {
            var (g, whole) = (new BatchNormGeometry(channels, pixels, Eps), BatchSlice.Whole(samples, shards, group));
            var expected = Run(DeviceVariants.Reference, g, whole, null);
            foreach (var device in variants.All)
            {
                DeviceVariants.MustEqual($"whole, {device.Description}", expected.All, Run(device, g, whole, null).All);
                foreach (var members in new[] { 2, 3, 5 })
                {
                    MustEqualWhole($"{g}, {samples} samples in {shards} shards, groups of {group}, {members} members, {device.Description}", expected, device, g, whole, members);
                }
            }
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(16)]
    public void A_network_has_the_bits_of_one_member_on_any_number_of_members(int members)
    {
        var expected = Train(variants.Alike[0], 1);
        foreach (var device in variants.All)
        {
            DeviceVariants.MustEqual($"{members} members, {device.Description}", expected, Train(device, members));
        }
    }

    private static void MustEqualWhole(string what, Result expected, Device device, in BatchNormGeometry g, BatchSlice whole, int members)
    {
        var roots = TurnExchange.RootsOf(members, whole.Shards);
        var (exchange, geometry) = (new TurnExchange([.. roots.SelectMany(own => own)]), g);
        var slices = roots.Select(own => new BatchSlice(whole.Samples, whole.Shards, own, whole.GroupShards)).ToArray();
        var results = TurnExchange.Run(members, member => slices[member].LocalSamples == 0 ? null : Run(device, geometry, slices[member], exchange));

        Assert.True(exchange.Brought > 0 || members == 2, what);
        DeviceVariants.MustEqual($"{what}: y", expected.Y, [.. results.SelectMany(result => result?.Y ?? [])]);
        DeviceVariants.MustEqual($"{what}: dx", expected.Dx, [.. results.SelectMany(result => result?.Dx ?? [])]);
        var sums = slices.Zip(results).SelectMany(pair => pair.First.Roots.Select((_, root) => new Memory<float>(pair.Second?.Sums[root]))).ToArray();
        DeviceVariants.MustEqual($"{what}: sums", Total([expected.Sums[0]], whole.Roots, whole), Total(sums, exchange.Roots, whole));
    }

    private static float[] Total(Memory<float>[] sums, IReadOnlyList<ShardRange> roots, BatchSlice whole)
    {
        var total = new float[sums.Max(sum => sum.Length)];
        Assert.True(GradientTree.Fold(sums, [.. roots], whole.Shards, whole.Samples, total));
        return total;
    }

    /// <summary>Forward and backward of a member's samples.</summary>
    private static Result Run(Device device, BatchNormGeometry g, BatchSlice slice, IBatchExchange? exchange)
    {
        using var tensors = new Guarded();
        var (samples, elements) = (slice.LocalSamples, g.C * g.Pixels);
        var (weight, bias) = (tensors.Input(device, TestData.Values(g.C, 1)), tensors.Input(device, TestData.Values(g.C, 2)));
        var x = tensors.Input(device, Local(slice, elements, seed: 5));
        var dy = tensors.Input(device, Local(slice, elements, seed: 6));
        var (y, dx) = (tensors.Output(device, samples * elements), tensors.Output(device, samples * elements));
        var saved = tensors.Output(device, slice.Shards * 2 * g.C);
        Tensor[] PerRoot() => [.. slice.Roots.Select(_ => tensors.Output(device, g.C))];
        Tensor[][] sums = [PerRoot(), PerRoot(), PerRoot(), PerRoot()];
        var (moments, gradients) = (new GroupParts(3, isBackward: false) { Exchange = exchange }, new GroupParts(3, isBackward: true) { Exchange = exchange });
        device.Normalization.BatchNormForward(g, slice, x, weight, bias, saved, sums[0], sums[1], new OutputEpilogue(Activation.Relu, default), y, moments);
        device.Normalization.BatchNormBackward(g, slice, x, dy, weight, saved, sums[2], sums[3], GradientEpilogue.None, dx, gradients);
        return new Result(device.Read(y), device.Read(dx), [.. slice.Roots.Select((_, root) => sums.SelectMany(kind => device.Read(kind[root])).ToArray())]);
    }

    /// <summary>The local samples of values away from zero.</summary>
    private static float[] Local(BatchSlice slice, int elements, ulong seed)
    {
        var all = TestData.Values(slice.Samples * elements, seed);
        return [.. slice.Positions().SelectMany(position => all.Skip(position * elements).Take(elements)).Select(value => value + 3)];
    }

    /// <summary>The state after two steps, the second one of a short batch.</summary>
    private static float[] Train(Device device, int members)
    {
        using var network = new Network(Model, device, new Sgd(0.1), new NetworkOptions(Batch, MaxRoots: Shards, MaxGroups: Shards));
        network.Initialize(seed: 5);
        var roots = TurnExchange.RootsOf(members, Shards);
        var exchange = new TurnExchange([.. roots.SelectMany(own => own)]);
        network.Exchange = exchange;
        foreach (var (samples, step) in new[] { (Batch, 1UL), (9, 2UL) })
        {
            exchange.Forget();
            var (pixels, labels) = TestData.Samples(samples, Model.Input, Model.Classes, seed: 7 + step);
            var gradients = TurnExchange.Run(members, member =>
            {
                var slice = new BatchSlice(samples, Shards, roots[member], groupShards: 4);
                TestData.Load(network, slice, pixels, labels);
                network.ForwardBackward(slice, step);
                return slice.Roots.Select((_, root) => network.Gradient(root).ToArray().AsMemory()).ToArray();
            });
            Assert.True(GradientTree.Fold([.. gradients.SelectMany(own => own)], [.. exchange.Roots], Shards, samples, network.Total));
            network.Apply();
            network.States.Flip();
        }

        Assert.Equal(members > 1, exchange.Brought > 0);
        return network.Weights.ToArray();
    }

    /// <param name="Sums">Per root: of means, variances, dy x and dy.</param>
    private sealed record Result(float[] Y, float[] Dx, float[][] Sums)
    {
        public float[] All => [.. Y, .. Dx, .. Sums.SelectMany(sums => sums)];
    }
}
