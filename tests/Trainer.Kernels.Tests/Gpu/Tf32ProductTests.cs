using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Products;
using Trainer.Kernels.Gpu.Tiles;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Gpu;

/// <summary>
/// The kernels for tensor cores, executed on ILGPU's emulation of warps of 32 threads, where a fragment product is done by shuffles as the PTX ISA lays
/// fragments out: that each thread reads and writes the right elements is tested without a GPU.
/// </summary>
public sealed class Tf32ProductTests
{
    [Fact]
    public void A_product_is_that_of_the_rounded_operands() => CheckProduct(31, 101, 5);

    [Fact]
    [Trait("Category", "Long")]
    public void A_product_of_several_tiles_is_that_of_the_rounded_operands() => CheckProduct(97, 127, 5);

    private static void CheckProduct(int rows, int columns, int depth)
    {
        using var context = Context.Create(builder =>
        {
            ExactIntrinsics.Register(builder);
            builder.CPU(new CPUDevice(32, ThreadGroup.Size / 32, 1));
        });
        using var accelerator = context.CreateCPUAccelerator(0, CPUAcceleratorMode.Parallel);
        var (left, right) = (TestData.Values(rows * depth, 1), TestData.Values(columns * depth, 2));
        using var leftMemory = accelerator.Allocate1D(left);
        using var rightMemory = accelerator.Allocate1D(right);
        using var product = accelerator.Allocate1D<float>(rows * columns);
        var (kernel, tileRows, tileColumns) = ProductKernels.WinogradBackwardWeights.For(rows, columns, ComputePrecision.Tf32);
        Assert.True(kernel.NeedsTensorCores);
        var (rowTiles, columnTiles) = ((rows + tileRows - 1) / tileRows, (columns + tileColumns - 1) / tileColumns);

        kernel.Load(accelerator)(accelerator.DefaultStream, new KernelConfig(rowTiles * columnTiles, ThreadGroup.Size), new(
            rowTiles,
            columnTiles,
            TileRange.All(depth),
            new RowsAlongK(leftMemory.View.BaseView, depth, rows),
            new RowsAlongK(rightMemory.View.BaseView, depth, columns),
            new MatrixSink(product.View.BaseView, rows, columns, 0)));
        accelerator.Synchronize();

        var actual = product.GetAsArray1D();
        for (var i = 0; i < actual.Length; i++)
        {
            var (row, column, expected) = (i / columns, i % columns, 0.0);
            for (var k = 0; k < depth; k++)
            {
                expected += (double)TensorCore.RoundToTf32(left[(row * depth) + k]) * TensorCore.RoundToTf32(right[(column * depth) + k]);
            }

            Assert.True(Math.Abs(expected - actual[i]) <= 1e-5 * depth, $"({row}, {column}) is {actual[i]:R}, expected {expected:R}.");
        }
    }

    [Theory]
    [InlineData(1f, 1f)]
    [InlineData(1.00048828125f, 1.0009765625f)] // a tie goes away from zero
    [InlineData(-1.00048828125f, -1.0009765625f)]
    [InlineData(1.0004882f, 1f)]
    [InlineData(float.MaxValue, float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity, float.NegativeInfinity)]
    [InlineData(-0f, -0f)]
    public void Rounding_leaves_ten_bits_of_mantissa(float value, float expected) =>
        Assert.Equal(BitConverter.SingleToInt32Bits(expected), BitConverter.SingleToInt32Bits(TensorCore.RoundToTf32(value)));
}
