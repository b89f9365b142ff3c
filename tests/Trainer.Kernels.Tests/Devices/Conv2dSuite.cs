using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Devices;

public abstract class Conv2dSuite(DeviceVariants variants)
{
    /// <summary>LeNet's two, shapes that cross every boundary (tiles, chains of 512, pieces of 1,024 pixels, rows), degenerate ones, and images that are a piece each under few filters.</summary>
    public static TheoryData<Conv2dGeometry, int> Cases => new()
    {
        { new(1, 28, 28, 6, 5, 5, 1, 1, 2, 2), 3 },
        { new(6, 14, 14, 16, 5, 5, 1, 1, 0, 0), 5 },
        { new(3, 7, 11, 5, 3, 2, 2, 3, 1, 0), 7 },
        { new(2, 5, 3, 13, 1, 1, 1, 1, 0, 0), 19 },
        { new(59, 6, 5, 17, 3, 3, 1, 1, 1, 1), 2 },
        { new(3, 37, 41, 4, 3, 3, 1, 1, 1, 1), 2 },
        { new(1, 3, 1100, 2, 2, 3, 1, 1, 0, 2), 2 },
        { new(2, 9, 8, 3, 4, 5, 3, 2, 4, 5), 4 },
        { new(1, 1, 1, 1, 1, 1, 1, 1, 0, 0), 1 },
        { new(4, 6, 7, 31, 6, 7, 1, 1, 0, 0), 11 },
        { new(5, 13, 12, 25, 2, 2, 5, 4, 0, 1), 3 },
        { new(3, 11, 13, 17, 3, 2, 1, 1, 2, 1, 2, 3), 3 },
        { new(5, 12, 9, 7, 3, 3, 2, 1, 1, 2, 3, 2), 2 },
        { new(4, 7, 5, 3, 4, 2, 1, 1, 1, 0) { ExtraH = 1, ExtraW = 1 }, 3 },
        { new(6, 9, 7, 10, 3, 3, 1, 1, 1, 1, Groups: 2), 3 },
        { new(7, 8, 11, 7, 3, 3, 2, 1, 1, 1, Groups: 7), 5 },
        { new(3, 10, 7, 12, 2, 3, 1, 2, 0, 2, 1, 2, 3) { ExtraW = 1 }, 4 },
        { new(7, 9, 12, 263, 3, 3, 2, 2, 1, 1), 2 },
        { new(19, 11, 71, 19, 3, 3, 1, 1, 1, 1, Groups: 19), 3 },
        { new(17, 23, 29, 34, 5, 3, 2, 2, 2, 1, Groups: 17), 4 },
        { new(11, 13, 10, 33, 2, 4, 3, 2, 1, 3, 2, 1, 11), 3 },
        { new(9, 37, 33, 9, 7, 7, 1, 2, 3, 3, Groups: 9), 2 },
        { new(5, 6, 7, 5, 1, 1, 2, 2, 0, 0, Groups: 5), 6 },
        { new(12, 9, 14, 20, 3, 3, 1, 1, 1, 1, Groups: 4), 3 },
        { new(12, 10, 9, 8, 3, 3, 2, 2, 0, 1, Groups: 4), 3 },
        { new(9, 8, 11, 13, 1, 1, 2, 3, 0, 0), 3 },
        { new(8, 13, 10, 11, 4, 3, 4, 6, 2, 1, 2, 4), 2 },
        { new(7, 3, 2, 9, 3, 3, 5, 4, 1, 1), 2 },
        { new(6, 8, 7, 5, 5, 4, 1, 1, 0, 0), 37 },
        { new(5, 9, 4, 7, 3, 2, 1, 1, 4, 3, 2, 3), 67 },
        { new(13, 5, 6, 2, 4, 6, 1, 1, 0, 1) { ExtraH = 1 }, 19 },
        { new(101, 8, 7, 97, 2, 1, 1, 1, 0, 0), 3 },
        { new(37, 9, 8, 41, 2, 3, 1, 1, 0, 1), 3 },
        { new(1, 27, 25, 3, 3, 3, 1, 1, 1, 1), 53 },
        { new(2, 49, 29, 8, 3, 2, 2, 1, 1, 0, 1, 3), 15 },
        { new(3, 22, 25, 7, 1, 2, 1, 1, 0, 0) { ExtraW = 2 }, 23 },
    };

    /// <summary>
    /// Shapes for Winograd: each kind of tile, tiles that reach beyond the image, chains longer than 512, channels that fill no panel, blocks that cut samples
    /// and rows of tiles, more filters than tiles and the other way round, pieces of several samples and of a few rows of one.
    /// </summary>
    public static TheoryData<Conv2dGeometry, int> WinogradCases => new()
    {
        { new(16, 5, 5, 16, 3, 3, 1, 1, 1, 1), 3 },
        { new(17, 6, 9, 35, 3, 3, 1, 1, 1, 1), 5 },
        { new(67, 7, 8, 19, 3, 3, 1, 1, 0, 1), 2 },
        { new(16, 11, 6, 23, 3, 3, 1, 1, 2, 2), 7 },
        { new(529, 5, 6, 18, 3, 3, 1, 1, 1, 1), 2 },
        { new(18, 5, 7, 521, 3, 3, 1, 1, 1, 1), 1 },
        { new(16, 45, 53, 17, 3, 3, 1, 1, 1, 1), 2 },
        { new(16, 93, 97, 17, 3, 3, 1, 1, 1, 1), 1 },
        { new(37, 3, 4, 41, 3, 3, 1, 1, 1, 1), 3 },
        { new(16, 3, 17, 18, 3, 3, 1, 1, 1, 1), 5 },
        { new(23, 9, 6, 16, 3, 3, 1, 1, 1, 1), 7 },
        { new(19, 5, 5, 131, 3, 3, 1, 1, 0, 0), 2 },
        { new(33, 3, 3, 17, 5, 5, 1, 1, 2, 2), 2 },
        { new(38, 6, 7, 40, 3, 3, 1, 1, 1, 0, Groups: 2), 3 },
        { new(16, 5, 7, 17, 5, 5, 1, 1, 2, 2), 4 },
        { new(19, 9, 10, 33, 5, 5, 1, 1, 0, 1), 2 },
        { new(17, 6, 5, 16, 5, 5, 1, 1, 4, 3), 3 },
        { new(16, 47, 49, 18, 5, 5, 1, 1, 2, 2), 1 },
        { new(16, 14, 15, 101, 3, 3, 1, 1, 1, 1), 9 },
    };

    public static TheoryData<Conv2dGeometry, int> AllCases => [.. Cases, .. WinogradCases];

    [Theory]
    [MemberData(nameof(WinogradCases))]
    public void Winograd_cases_are_what_they_say(Conv2dGeometry g, int samples) => Assert.True(ReferenceProducts.IsWinograd(g) && samples > 0);

    [Theory]
    [MemberData(nameof(AllCases))]
    public void Forward_equals_the_reference(Conv2dGeometry g, int samples) =>
        variants.MustEqualReference($"{g}", device => Forward(device, g, samples, Activation.None, true));

    [Theory]
    [MemberData(nameof(AllCases))]
    public void Forward_with_sigmoid_agrees(Conv2dGeometry g, int samples) =>
        variants.MustAgree($"{g}", 2e-7f, device => Forward(device, g, samples, Activation.Sigmoid, false));

    [Theory]
    [MemberData(nameof(AllCases))]
    public void Backward_data_equals_the_reference(Conv2dGeometry g, int samples)
    {
        variants.MustEqualReference($"{g}", device => BackwardData(device, g, samples, Activation.None));
        variants.MustEqualReference($"{g} after sigmoid", device => BackwardData(device, g, samples, Activation.Sigmoid));
    }

    [Theory]
    [MemberData(nameof(AllCases))]
    public void Epilogues_and_strides_equal_the_reference(Conv2dGeometry g, int samples)
    {
        foreach (var activation in Epilogues.Exact)
        {
            variants.MustEqualReference($"{g} {activation}", device => StridedForward(device, g, samples, activation));
            variants.MustEqualReference($"{g} before {activation}", device => StridedBackwardData(device, g, samples, activation, false));
        }

        variants.MustEqualReference($"{g} onto the addend", device => StridedBackwardData(device, g, samples, Activation.Tanh, true));
        variants.MustEqualReference($"{g} weights", device => StridedBackwardWeights(device, g, samples));
    }

    [Theory]
    [MemberData(nameof(AllCases))]
    public void Backward_weights_equals_the_reference(Conv2dGeometry g, int samples)
    {
        foreach (var slice in Slices.Of(samples))
        {
            variants.MustEqualReference($"{g} {Slices.NameOf(slice)}", device => BackwardWeights(device, g, slice));
        }
    }

    [Fact]
    [Trait("Category", "Long")]
    public void Large_gradients_walk_blocks_with_the_same_bits()
    {
        var g = new Conv2dGeometry(101, 4, 5, 67, 3, 3, 1, 1, 1, 1);
        var slice = new BatchSlice(90, 90, [new(0, 64), new(64, 80)]);
        Assert.True((long)g.K * g.Reduction * slice.LocalSamples > 4 << 20);
        var whole = variants.MustBeAlike("whole", device => BackwardWeights(device, g, slice));

        var part = new BatchSlice(90, 90, [new(0, 16), new(16, 32), new(32, 48), new(48, 64), new(64, 80)]);
        DeviceVariants.MustEqual("folded from parts", whole, FoldParts(BackwardWeights(variants.All[0], g, part), g.K * (g.Reduction + 1)));
    }

    [Fact]
    [Trait("Category", "Long")]
    public void Winograd_gradients_of_several_chunks_have_the_bits_of_their_parts()
    {
        var g = new Conv2dGeometry(260, 7, 8, 250, 3, 3, 1, 1, 1, 1);
        var slice = new BatchSlice(65, 13, [new(0, 8), new(8, 12)]);
        var whole = variants.MustBeAlike("whole", device => BackwardWeights(device, g, slice));

        var part = new BatchSlice(65, 13, [new(0, 2), new(2, 4), new(4, 6), new(6, 8), new(8, 12)]);
        DeviceVariants.MustEqual("folded from parts", whole, FoldParts(BackwardWeights(variants.All[0], g, part), g.K * (g.Reduction + 1)));
    }

    [Fact]
    public void A_sample_has_the_same_bits_alone_and_among_others()
    {
        var g = new Conv2dGeometry(3, 11, 9, 10, 3, 3, 1, 1, 1, 1);
        var (input, output) = (g.C * g.H * g.W, g.K * g.P * g.Q);
        var x = TestData.Values(5 * input, 11);
        foreach (var device in variants.All)
        {
            var together = Forward(device, g, 5, Activation.Sigmoid, true, x);
            for (var n = 0; n < 5; n++)
            {
                var alone = Forward(device, g, 1, Activation.Sigmoid, true, x[(n * input)..((n + 1) * input)]);
                DeviceVariants.MustEqual($"sample {n} on {device.Description}", together.AsSpan(n * output, output), alone);
            }
        }
    }

    private static float[] Forward(Device device, Conv2dGeometry g, int samples, Activation activation, bool bias, float[]? images = null, float bound = 1)
    {
        using var tensors = new Guarded();
        var x = tensors.Input(device, images ?? TestData.Values(samples * g.C * g.H * g.W, 1));
        var w = tensors.Input(device, TestData.Values(g.K * g.Reduction, 2, bound));
        var b = bias ? tensors.Input(device, TestData.Values(g.K, 3)) : default;
        var y = tensors.Output(device, (long)samples * g.K * g.P * g.Q);
        device.Products.Conv2dForward(g, samples, x, w, b, activation, y);
        return device.Read(y);
    }

    /// <summary>Products that round to -0 or +0, and sums of them, which no filling of tiles may turn round.</summary>
    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(AllCases))]
    public void Sums_that_round_to_nothing_keep_their_sign(Conv2dGeometry g, int samples)
    {
        const float Tiny = 1e-24f;
        var slice = BatchSlice.Whole(samples, 1);
        variants.MustEqualReference($"{g} forward", device => Forward(device, g, samples, Activation.None, false, TestData.Values(samples * g.C * g.H * g.W, 1, Tiny), Tiny));
        variants.MustEqualReference($"{g} backward", device => BackwardData(
            device, g, samples, Activation.None, TestData.Values(samples * g.K * g.P * g.Q, 4, Tiny), TestData.Values(g.K * g.Reduction, 5, Tiny)));
        variants.MustEqualReference($"{g} weights", device => BackwardWeights(device, g, slice, Tiny));
    }

    /// <summary>A zero of the border is multiplied as any other value: it makes +0 of -0, and NaN of what is infinite.</summary>
    [Theory]
    [InlineData(1e-24f, 1)]
    [InlineData(1, float.PositiveInfinity)]
    [InlineData(1, float.NaN)]
    public void The_border_counts_where_it_shows(float scale, float first)
    {
        var (g, samples) = (new Conv2dGeometry(6, 8, 7, 5, 5, 4, 1, 1, 0, 0), 37);
        var dy = TestData.Values(samples * g.K * g.P * g.Q, 4, scale);
        var w = TestData.Values(g.K * g.Reduction, 5, scale);
        w[0] *= first;
        variants.MustEqualReference($"{g} {scale} {first}", device => BackwardData(device, g, samples, Activation.None, dy, w));
    }

    private static float[] BackwardData(Device device, Conv2dGeometry g, int samples, Activation before, float[]? gradients = null, float[]? weights = null)
    {
        using var tensors = new Guarded();
        var dy = tensors.Input(device, gradients ?? TestData.Values(samples * g.K * g.P * g.Q, 4));
        var w = tensors.Input(device, weights ?? TestData.Values(g.K * g.Reduction, 5));
        var output = tensors.Input(device, TestData.Values(samples * g.C * g.H * g.W, 6));
        var dx = tensors.Output(device, (long)samples * g.C * g.H * g.W);
        device.Products.Conv2dBackwardData(g, samples, dy, w, new GradientEpilogue(before, output), dx);
        return device.Read(dx);
    }

    private static float[] StridedForward(Device device, Conv2dGeometry g, int samples, Activation activation)
    {
        using var tensors = new Guarded();
        var x = Epilogues.Strided(tensors, device, samples, g.C * g.H * g.W, 1);
        var w = tensors.Input(device, TestData.Values(g.K * g.Reduction, 2));
        var b = tensors.Input(device, TestData.Values(g.K, 3));
        var y = Epilogues.Strided(tensors, device, samples, g.K * g.P * g.Q, 4);
        var addend = Epilogues.Strided(tensors, device, samples, g.K * g.P * g.Q, 5);
        device.Products.Conv2dForward(g, samples, x, w, b, new OutputEpilogue(activation, activation.IsNone ? y : addend), y);
        return device.Read(y);
    }

    private static float[] StridedBackwardData(Device device, Conv2dGeometry g, int samples, Activation before, bool ontoAddend)
    {
        using var tensors = new Guarded();
        var dy = Epilogues.Strided(tensors, device, samples, g.K * g.P * g.Q, 6);
        var w = tensors.Input(device, TestData.Values(g.K * g.Reduction, 7));
        var dx = Epilogues.Strided(tensors, device, samples, g.C * g.H * g.W, 8);
        var output = Epilogues.Strided(tensors, device, samples, g.C * g.H * g.W, 9);
        var addend = ontoAddend ? dx : Epilogues.Strided(tensors, device, samples, g.C * g.H * g.W, 10);
        device.Products.Conv2dBackwardData(g, samples, dy, w, new GradientEpilogue(before, output, addend), dx);
        return device.Read(dx);
    }

    private static float[] StridedBackwardWeights(Device device, Conv2dGeometry g, int samples)
    {
        using var tensors = new Guarded();
        var x = Epilogues.Strided(tensors, device, samples, g.C * g.H * g.W, 11);
        var dy = Epilogues.Strided(tensors, device, samples, g.K * g.P * g.Q, 12);
        var (dw, db) = (tensors.Output(device, g.K * g.Reduction), tensors.Output(device, g.K));
        device.Products.Conv2dBackwardWeights(g, BatchSlice.Whole(samples, 2), x, dy, [dw], [db]);
        return [.. device.Read(dw), .. device.Read(db)];
    }

    /// <summary>For each root its dw and db; NaN where nothing is written.</summary>
    private static float[] BackwardWeights(Device device, Conv2dGeometry g, BatchSlice slice, float bound = 1)
    {
        using var tensors = new Guarded();
        var x = tensors.Input(device, TestData.Values(slice.LocalSamples * g.C * g.H * g.W, 7, bound));
        var dy = tensors.Input(device, TestData.Values(slice.LocalSamples * g.K * g.P * g.Q, 8, bound));
        var dw = slice.Roots.Select(_ => tensors.Output(device, g.K * g.Reduction)).ToArray();
        var db = slice.Roots.Select(_ => tensors.Output(device, g.K)).ToArray();
        device.Products.Conv2dBackwardWeights(g, slice, x, dy, dw, db);
        return [.. dw.Zip(db).SelectMany(root => device.Read(root.First).Concat(device.Read(root.Second)))];
    }

    /// <summary>(((0 + 1) + (2 + 3)), 4): roots [0,16) ... [48,64) folded into [0,64), and [64,80).</summary>
    private static float[] FoldParts(float[] parts, int elements)
    {
        float Part(int part, int i) => parts[(part * elements) + i];
        return
        [
            .. Enumerable.Range(0, elements).Select(i => Part(0, i) + Part(1, i) + (Part(2, i) + Part(3, i))),
            .. Enumerable.Range(0, elements).Select(i => Part(4, i)),
        ];
    }
}
