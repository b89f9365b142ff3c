using CsCheck;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Layers;

/// <summary>Layers of any options on images of any size, against their naive versions in double precision; a failure prints the seed of the case.</summary>
public sealed class LayerProperties : IDisposable
{
    private static readonly Gen<Size2> Kernels = Gen.Select(Gen.Int[1, 5], Gen.Int[1, 5], (height, width) => new Size2(height, width));

    private static readonly Gen<Size2> Strides = Gen.Select(Gen.Int[1, 3], Gen.Int[1, 3], (height, width) => new Size2(height, width));

    private static readonly Gen<Shape> Images =
        Gen.Select(Gen.Int[1, 5], Gen.Int[1, 7], Gen.Int[1, 7], (channels, height, width) => new Shape(channels, height, width));

    /// <summary>Of up to three shards, some of them empty, in one root or two.</summary>
    private static readonly Gen<BatchSlice> Slices = Gen.Select(Gen.Int[1, 4], Gen.Int[2, 3], Gen.Bool, (samples, shards, split) =>
        split ? new BatchSlice(samples, shards, [new ShardRange(0, shards - 1), new ShardRange(shards - 1, shards)]) : BatchSlice.Whole(samples, shards));

    private readonly Device _device = CpuDevice.Create(2);

    [Fact]
    public void Convolutions() => Check(
        100,
        Gen.Select(Gen.Int[1, 3], Kernels, Strides, Strides, Gen.Int[1, 3], Gen.Int[0, 4], Gen.Bool)
            .Select((channels, kernel, stride, dilation, groups, padding, same) => (Layer)(same
                ? new Conv2d(channels * groups, kernel) { AutoPadding = AutoPadding.Same, Dilation = dilation, Groups = groups }
                : new Conv2d(channels * groups, kernel)
                {
                    Stride = stride,
                    Padding = (padding, padding / 2),
                    Dilation = dilation,
                    Groups = groups,
                    Bias = padding % 2 == 0,
                })),
        Images);

    [Fact]
    public void Pooling() => Check(
        300,
        Gen.Select(Kernels, Strides, Strides, Gen.Int[0, 2], Gen.Bool, Gen.Bool, Gen.Bool)
            .Select((kernel, stride, dilation, padding, ceil, counts, max) => (Layer)(max
            ? new MaxPool2d(kernel) { Stride = stride, Padding = padding, Dilation = dilation, CeilMode = ceil }
            : new AvgPool2d(kernel) { Stride = stride, Padding = padding, CeilMode = ceil, CountIncludePad = counts })),
        Images);

    [Fact]
    public void Adaptive_pooling() => Check(
        200, Gen.Select(Kernels, Gen.Bool, (size, max) => (Layer)(max ? new AdaptiveMaxPool2d(size) : new AdaptiveAvgPool2d(size))), Images);

    [Fact]
    public void Normalisation() => Check(
        200,
        Gen.Select(Gen.Int[0, 3], Gen.Bool, Gen.Double[0.01, 0.5], (groups, affine, eps) => (Layer)(groups == 0
            ? new BatchNorm2d { Affine = affine, Eps = eps }
            : new GroupNorm(groups) { Affine = affine, Eps = eps })),
        Images);

    [Fact]
    public void Linear_layers() => Check(
        50,
        Gen.Select(Gen.Int[1, 37], Gen.Bool, (features, bias) => (Layer)new Linear(features) { Bias = bias }),
        Gen.Int[1, 41].Select(features => new Shape(features)));

    [Fact]
    public void Softmax_and_dropout() => Check(
        100,
        Gen.Select(Gen.Int[0, 3], Gen.Double[0, 0.9], (kind, p) => kind switch
        {
            0 => new Softmax(),
            1 => new LogSoftmax(),
            2 => new Dropout(p),
            _ => (Layer)new Dropout2d(p),
        }),
        Images);

    public void Dispose() => _device.Dispose();

    /// <summary>Cases that the layer itself refuses, or that leave batch norm one value, are not cases.</summary>
    private void Check(int cases, Gen<Layer> layers, Gen<Shape> inputs) => Gen.Select(layers, inputs, Slices)
        .Where((layer, input, slice) => Fits(layer, input)
            && (layer is not BatchNorm || (slice.Roots.Count == 1 && slice.Samples * input.Elements / input[0] > 1)))
        .Sample(
            (layer, input, slice) => GradientChecker.Check($"{layer} of {input} in {slice.Samples}", new LayerRun(_device, layer, input, slice, Fill)),
            seed: "0N0XIzNsQ0O2", iter: cases, threads: 1);

    private static bool Fits(Layer layer, Shape input)
    {
        try
        {
            return layer.OutputShape(input).Elements > 0;
        }
        catch (LayerException)
        {
            return false;
        }
    }

    private static void Fill(string tensor, Span<float> values) => TestData.Values(values.Length, (ulong)tensor.Length).CopyTo(values);
}
