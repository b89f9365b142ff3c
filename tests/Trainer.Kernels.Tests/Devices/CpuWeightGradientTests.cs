using Trainer.Kernels.Devices;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>
/// Gradients too large for the reference, which the CPU walks block by block, have the bits of parts that it computes piece by piece; and those, in the suites,
/// have the reference's.
/// </summary>
[Collection(CpuVariants.Serial)]
public class CpuWeightGradientTests
{
    private static Device One => CpuVariants.All.All[0];

    /// <summary>Tiles that go through many short chains, and through some that are cut at 512 samples.</summary>
    [Theory]
    [InlineData(521, 517, 43, 19)]
    [InlineData(1013, 2099, 1103, 2)]
    public void Linear_outputs_have_the_same_bits_alone(int inputs, int outputs, int samples, int shards)
    {
        var (few, skipped) = (67, outputs - 70);
        var slice = BatchSlice.Whole(samples, shards);
        var all = CpuVariants.All.MustBeAlike("all outputs", device => Gradient(device, 0, outputs));
        DeviceVariants.MustEqual("some outputs", all.AsSpan(skipped * inputs, few * inputs), Gradient(One, skipped, few));

        float[] Gradient(Device device, int first, int count)
        {
            using var tensors = new Guarded();
            var x = tensors.Input(device, TestData.Values(samples * inputs, 7));
            var dy = tensors.Input(device, TestData.Values(samples * outputs, 8).AsSpan(first));
            var dw = tensors.Output(device, count * inputs);
            device.Products.LinearBackwardWeights(inputs, count, slice, x, dy with { SampleStride = outputs }, [dw], []);
            return device.Read(dw);
        }
    }

    /// <summary>Blocks of pixels that begin and end within samples: pieces of 552 pixels are two chains each.</summary>
    [Fact]
    public void Convolutions_of_long_pieces_have_the_same_bits_with_fewer_samples()
    {
        var g = new Conv2dGeometry(101, 45, 47, 263, 3, 3, 2, 2, 1, 1);
        var all = CpuVariants.Few.MustBeAlike("18 samples", device => Gradient(device, new BatchSlice(19, 19, [new(0, 16), new(16, 18)])));
        DeviceVariants.MustEqual("16 samples", Gradient(One, new BatchSlice(19, 19, [new(0, 16)])), all);

        float[] Gradient(Device device, BatchSlice slice)
        {
            using var tensors = new Guarded();
            var x = tensors.Input(device, TestData.Values(slice.LocalSamples * g.C * g.H * g.W, 9));
            var dy = tensors.Input(device, TestData.Values(slice.LocalSamples * g.K * g.P * g.Q, 10));
            var dw = slice.Roots.Select(_ => tensors.Output(device, g.K * g.Reduction)).ToArray();
            device.Products.Conv2dBackwardWeights(g, slice, x, dy, dw, []);
            return device.Read(dw[0]);
        }
    }
}
