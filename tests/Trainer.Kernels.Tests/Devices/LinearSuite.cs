using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Devices;

public abstract class LinearSuite(DeviceVariants variants)
{
    /// <summary>Inputs, outputs, samples: LeNet's, chains longer than 512, primes, ones, more than the largest tile each way.</summary>
    public static TheoryData<int, int, int> Cases => new()
    {
        { 400, 120, 32 }, { 84, 10, 5 }, { 1031, 3, 7 }, { 5, 1031, 3 }, { 61, 67, 71 }, { 1, 1, 1 }, { 17, 129, 1 }, { 3, 2, 1100 }, { 131, 137, 139 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_equals_the_reference(int inputs, int outputs, int samples)
    {
        variants.MustEqualReference("linear", device => Forward(device, inputs, outputs, samples, Activation.None, true));
        variants.MustEqualReference("without bias", device => Forward(device, inputs, outputs, samples, Activation.None, false));
        variants.MustAgree("sigmoid", 2e-7f, device => Forward(device, inputs, outputs, samples, Activation.Sigmoid, true));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Backward_data_equals_the_reference(int inputs, int outputs, int samples)
    {
        variants.MustEqualReference("linear", device => BackwardData(device, inputs, outputs, samples, Activation.None));
        variants.MustEqualReference("after sigmoid", device => BackwardData(device, inputs, outputs, samples, Activation.Sigmoid));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Epilogues_and_strides_equal_the_reference(int inputs, int outputs, int samples)
    {
        foreach (var activation in Epilogues.Exact)
        {
            variants.MustEqualReference($"{activation}", device => StridedForward(device, inputs, outputs, samples, activation));
            variants.MustEqualReference($"before {activation}", device => StridedBackwardData(device, inputs, outputs, samples, activation));
        }

        variants.MustEqualReference("weights", device => StridedBackwardWeights(device, inputs, outputs, samples));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Backward_weights_equals_the_reference(int inputs, int outputs, int samples)
    {
        foreach (var slice in Slices.Of(samples))
        {
            variants.MustEqualReference(Slices.NameOf(slice), device => BackwardWeights(device, inputs, outputs, slice));
        }
    }

    /// <summary>A gradient that is written past the caches: aligned rows, and rows that are not.</summary>
    [Theory]
    [InlineData(2064, 2081)]
    [InlineData(2069, 2081)]
    [Trait("Category", "Long")]
    public void Large_gradients_have_the_same_bits(int inputs, int outputs)
    {
        var slice = new BatchSlice(9, 4, [new(0, 2), new(2, 4)]);
        var first = variants.MustBeAlike("root 0 and 1", device => BackwardWeights(device, inputs, outputs, slice));
        var (x, dy) = (TestData.Values(9 * inputs, 7), TestData.Values(9 * outputs, 8));
        for (var i = 0; i < inputs * outputs; i += 4_099)
        {
            // Root 0 is shards of 2 and 2 samples.
            float Chain(int n) => MathF.FusedMultiplyAdd(
                dy[((n + 1) * outputs) + (i / inputs)],
                x[((n + 1) * inputs) + (i % inputs)],
                dy[(n * outputs) + (i / inputs)] * x[(n * inputs) + (i % inputs)]);
            Assert.Equal(Chain(0) + Chain(2), first[i]);
        }
    }

    private static float[] Forward(Device device, int inputs, int outputs, int samples, Activation activation, bool bias)
    {
        using var tensors = new Guarded();
        var x = tensors.Input(device, TestData.Values(samples * inputs, 1));
        var w = tensors.Input(device, TestData.Values(outputs * inputs, 2));
        var b = bias ? tensors.Input(device, TestData.Values(outputs, 3)) : default;
        var y = tensors.Output(device, (long)samples * outputs);
        device.Products.LinearForward(inputs, outputs, samples, x, w, b, activation, y);
        return device.Read(y);
    }

    private static float[] BackwardData(Device device, int inputs, int outputs, int samples, Activation before)
    {
        using var tensors = new Guarded();
        var dy = tensors.Input(device, TestData.Values(samples * outputs, 4));
        var w = tensors.Input(device, TestData.Values(outputs * inputs, 5));
        var output = tensors.Input(device, TestData.Values(samples * inputs, 6));
        var dx = tensors.Output(device, (long)samples * inputs);
        device.Products.LinearBackwardData(inputs, outputs, samples, dy, w, new GradientEpilogue(before, output), dx);
        return device.Read(dx);
    }

    private static float[] StridedForward(Device device, int inputs, int outputs, int samples, Activation activation)
    {
        using var tensors = new Guarded();
        var x = Epilogues.Strided(tensors, device, samples, inputs, 1);
        var w = tensors.Input(device, TestData.Values(outputs * inputs, 2));
        var b = tensors.Input(device, TestData.Values(outputs, 3));
        var y = Epilogues.Strided(tensors, device, samples, outputs, 4);
        var addend = activation.IsNone ? y : Epilogues.Strided(tensors, device, samples, outputs, 5);
        device.Products.LinearForward(inputs, outputs, samples, x, w, b, new OutputEpilogue(activation, addend), y);
        return device.Read(y);
    }

    private static float[] StridedBackwardData(Device device, int inputs, int outputs, int samples, Activation before)
    {
        using var tensors = new Guarded();
        var dy = Epilogues.Strided(tensors, device, samples, outputs, 6);
        var w = tensors.Input(device, TestData.Values(outputs * inputs, 7));
        var dx = Epilogues.Strided(tensors, device, samples, inputs, 8);
        var output = Epilogues.Strided(tensors, device, samples, inputs, 9);
        device.Products.LinearBackwardData(inputs, outputs, samples, dy, w, new GradientEpilogue(before, output, dx), dx);
        return device.Read(dx);
    }

    private static float[] StridedBackwardWeights(Device device, int inputs, int outputs, int samples)
    {
        using var tensors = new Guarded();
        var x = Epilogues.Strided(tensors, device, samples, inputs, 10);
        var dy = Epilogues.Strided(tensors, device, samples, outputs, 11);
        var (dw, db) = (tensors.Output(device, outputs * inputs), tensors.Output(device, outputs));
        device.Products.LinearBackwardWeights(inputs, outputs, BatchSlice.Whole(samples, 3), x, dy, [dw], [db]);
        return [.. device.Read(dw), .. device.Read(db)];
    }

    private static float[] BackwardWeights(Device device, int inputs, int outputs, BatchSlice slice)
    {
        using var tensors = new Guarded();
        var x = tensors.Input(device, TestData.Values(slice.LocalSamples * inputs, 7));
        var dy = tensors.Input(device, TestData.Values(slice.LocalSamples * outputs, 8));
        var dw = slice.Roots.Select(_ => tensors.Output(device, outputs * inputs, aligned: true)).ToArray();
        var db = slice.Roots.Select(_ => tensors.Output(device, outputs)).ToArray();
        device.Products.LinearBackwardWeights(inputs, outputs, slice, x, dy, dw, db);
        return [.. dw.Zip(db).SelectMany(root => device.Read(root.First).Concat(device.Read(root.Second)))];
    }
}
