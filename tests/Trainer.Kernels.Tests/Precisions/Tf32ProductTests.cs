using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Devices;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Precisions;

/// <summary>Products with TF32 operands are the exact products of operands that were rounded before, bit for bit; biases see no rounding.</summary>
[Collection(CpuVariants.Serial)]
public class Tf32ProductTests
{
    /// <summary>Shards of the batches; the roots cut them apart.</summary>
    private const int Shards = 3;

    /// <summary>By patches, grouped and strided, by Winograd, of one sample, of large images.</summary>
    public static TheoryData<Conv2dGeometry, int> Convolutions => new()
    {
        { new(6, 14, 14, 16, 5, 5, 1, 1, 0, 0), 5 },
        { new(3, 10, 7, 12, 2, 3, 1, 2, 0, 2, 1, 2, 3) { ExtraW = 1 }, 4 },
        { new(17, 6, 9, 35, 3, 3, 1, 1, 1, 1), 5 },
        { new(4, 6, 7, 31, 6, 7, 1, 1, 0, 0), 1 },
        { new(1, 131, 131, 1, 1, 1, 1, 1, 0, 0), 2 },
    };

    [Theory]
    [MemberData(nameof(Convolutions))]
    public void Of_convolutions(Conv2dGeometry g, int samples)
    {
        var (slice, image, output) = (BatchSlice.Whole(samples, Shards), g.C * g.H * g.W, g.K * g.P * g.Q);
        MustTakeRoundedOperands(samples, image, output, g.K, g.K * g.Reduction, (products, o) =>
        {
            products.Conv2dForward(g, samples, o.X, o.W, o.B, Activation.Relu, o.Y);
            products.Conv2dBackwardData(g, samples, o.Dy, o.W, GradientEpilogue.None, o.Dx);
            products.Conv2dBackwardWeights(g, slice, o.X, o.Dy, [o.Dw], []);
        });
        MustSumExactly(samples, image, output, g.K, (products, x, dy, db) => products.Conv2dBackwardWeights(g, slice, x, dy, [], [db]));
    }

    [Theory]
    [InlineData(400, 120, 32)]
    [InlineData(1031, 3, 7)]
    [InlineData(1, 1, 1)]
    public void Of_linear_layers(int inputs, int outputs, int samples)
    {
        var slice = BatchSlice.Whole(samples, Shards);
        MustTakeRoundedOperands(samples, inputs, outputs, outputs, inputs * outputs, (products, o) =>
        {
            products.LinearForward(inputs, outputs, samples, o.X, o.W, o.B, Activation.Relu, o.Y);
            products.LinearBackwardData(inputs, outputs, samples, o.Dy, o.W, GradientEpilogue.None, o.Dx);
            products.LinearBackwardWeights(inputs, outputs, slice, o.X, o.Dy, [o.Dw], []);
        });
        MustSumExactly(samples, inputs, outputs, outputs, (products, x, dy, db) => products.LinearBackwardWeights(inputs, outputs, slice, x, dy, [], [db]));
    }

    [Fact]
    public void Each_precision_has_products_and_an_id_of_its_own()
    {
        using var device = CpuDevice.Create(2);

        Assert.Same(device.Products, device.ProductsIn(ComputePrecision.Exact));
        Assert.NotSame(device.Products, device.ProductsIn(ComputePrecision.Tf32));
        Assert.Equal(device.NumericsId, device.NumericsIdIn(ComputePrecision.Exact));
        Assert.Equal("canonical-4+tf32-emulated", device.NumericsIdIn(ComputePrecision.Tf32));
    }

    [Fact]
    public void Operands_are_checked_as_the_exact_device_does()
    {
        using var device = CpuDevice.Create(1);
        var (few, w) = (device.Zeros(5), device.Zeros(6));
        var fault = Assert.Throws<ArgumentException>(
            () => device.ProductsIn(ComputePrecision.Tf32).LinearForward(3, 2, 2, few, w, default, Activation.None, device.Zeros(4)));

        Assert.Equal("LinearForward: x has 5 elements, (2,3) needs 6.", fault.Message);
    }

    [Fact]
    public void A_device_without_it_says_what_would_have_it()
    {
        var fault = Assert.Throws<NotSupportedException>(() => DeviceVariants.Reference.ProductsIn(ComputePrecision.Tf32));

        Assert.False(DeviceVariants.Reference.CanCompute(ComputePrecision.Tf32));
        Assert.StartsWith("compute: tf32 needs a CPU, which emulates it, or a CUDA device", fault.Message, StringComparison.Ordinal);
    }

    /// <summary>Samples lie apart on the device that rounds, one after another where they are rounded before.</summary>
    private static void MustTakeRoundedOperands(int samples, int inputs, int outputs, int biases, int weights, Action<IProducts, Operands> run)
    {
        foreach (var device in CpuVariants.Few.All)
        {
            using var tensors = new Guarded();
            var given = Place(Epilogues.Strided(tensors, device, samples, inputs, 1), Epilogues.Strided(tensors, device, samples, outputs, 2), Raw(weights, 3));
            var filters = tensors.Input(device, [.. TestData.Values(weights, 3).Select(Tf32.Round)]);
            var rounded = Place(Rounded(samples, inputs, 1), Rounded(samples, outputs, 2), filters);
            run(device.ProductsIn(ComputePrecision.Tf32), given);
            run(device.Products, rounded);
            foreach (var (name, expected, found) in new[] { ("y", rounded.Y, given.Y), ("dx", rounded.Dx, given.Dx), ("dw", rounded.Dw, given.Dw) })
            {
                DeviceVariants.MustEqual($"{name} on {device.Description}", device.Read(expected), device.Read(found));
            }

            Tensor Raw(int count, ulong seed) => tensors.Input(device, TestData.Values(count, seed));

            Tensor Rounded(int count, int elements, ulong seed)
            {
                var apart = TestData.Values((count * (elements + 7)) - 7, seed);
                return tensors.Input(device, [.. Enumerable.Range(0, count * elements).Select(i => Tf32.Round(apart[i + (i / elements * 7)]))]);
            }

            Operands Place(Tensor x, Tensor dy, Tensor w)
            {
                var (y, dx) = (tensors.Output(device, (long)samples * outputs), tensors.Output(device, (long)samples * inputs));
                return new Operands(x, dy, w, Raw(biases, 4), y, dx, tensors.Output(device, weights));
            }
        }
    }

    private static void MustSumExactly(int samples, int inputs, int outputs, int biases, Action<IProducts, Tensor, Tensor, Tensor> run)
    {
        foreach (var device in CpuVariants.Few.All)
        {
            using var tensors = new Guarded();
            var (x, dy) = (tensors.Input(device, new float[samples * inputs]), tensors.Input(device, TestData.Values(samples * outputs, 5)));
            var (exact, found) = (tensors.Output(device, biases), tensors.Output(device, biases));
            run(device.Products, x, dy, exact);
            run(device.ProductsIn(ComputePrecision.Tf32), x, dy, found);
            DeviceVariants.MustEqual("db", device.Read(exact), device.Read(found));
        }
    }

    private sealed record Operands(Tensor X, Tensor Dy, Tensor W, Tensor B, Tensor Y, Tensor Dx, Tensor Dw);
}
