using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Functional;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Golden;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Functional;

/// <summary>Layers on arrays. What they compute is held to PyTorch elsewhere, by <see cref="LayerRun"/>: here it has to be the same bits.</summary>
public sealed class FunctionsTests : IDisposable
{
    private readonly CpuDevice _device = CpuDevice.Create(2);

    private Functions F => new(_device);

    public void Dispose() => _device.Dispose();

    public static TheoryData<string> Layers => [.. Rows.Select(row => row.Name)];

    private static (string Name, Layer Layer, Shape Input)[] Rows =>
    [
        ("conv2d", new Conv2d(4, (3, 2)) { Stride = (2, 1), Padding = 1, Dilation = (1, 2), Groups = 2 }, new Shape(6, 7, 5)),
        ("max_pool2d", new MaxPool2d(3) { Stride = 2, Padding = 1 }, new Shape(3, 7, 5)),
        ("linear", new Linear(11), new Shape(13)),
        ("batch_norm2d", new BatchNorm2d(), new Shape(3, 5, 7)),
        ("gelu", new GELU(), new Shape(3, 5, 7)),
    ];

    [Theory]
    [MemberData(nameof(Layers))]
    public void A_batch_comes_to_the_bits_of_the_layer(string name)
    {
        var (_, layer, input) = Rows.Single(row => row.Name == name);
        var run = new LayerRun(_device, layer, input, BatchSlice.Whole(3, 1), (tensor, values) => Fill(layer, input, tensor, values));
        var (x, dy) = (Of([3, .. input.Dimensions], run["x"]), Of([3, .. run.Output.Dimensions], run["dy"]));
        NdArray[] parameters = [.. layer.Parameters(input).Select(parameter => new NdArray(parameter.Shape, run[parameter.Name]))];

        run.Evaluate();
        Assert.Equal(run["y"], F.Apply(layer, x, parameters).Values);
        run.Forward();
        run.Backward();
        var gradients = F.Gradients(layer, x, dy, parameters);
        Assert.Equal(run["dx"], gradients.Dx.Values);
        Assert.All(layer.Parameters(input).Zip(gradients.Parameters), pair =>
        {
            Assert.Equal(pair.First.Shape, pair.Second.Shape);
            Assert.Equal(run.SumOverRoots(pair.First.Name), pair.Second.Values.Select(value => (double)value));
        });
    }

    [Fact]
    public void A_sample_by_itself_is_a_batch_of_one()
    {
        var (x, weight, bias) = (NdArray.Range(2, 3, 5), NdArray.Range(3, 2, 2, 2), NdArray.Range(3));
        var (one, batch) = (F.Conv2d(x, weight, bias, stride: 2), F.Conv2d(x.Reshape(1, 2, 3, 5), weight, bias, stride: 2));

        Assert.Equal((new Shape(3, 1, 2), new Shape(1, 3, 1, 2)), (one.Shape, batch.Shape));
        Assert.Equal(one.Values, batch.Values);
        Assert.Equal(new Shape(30), F.Apply(new Flatten(), x).Shape);
        Assert.Equal(x.Values, F.Gradients(new Flatten(), x, NdArray.Range(30)).Dx.Values);
    }

    [Fact]
    public void Memory_is_given_back()
    {
        F.Conv2d(NdArray.Range(2, 3, 5), NdArray.Range(3, 2, 2, 2));
        F.Gradients(new MaxPool2d(2), NdArray.Range(1, 4, 4), NdArray.Range(1, 2, 2));

        Assert.Equal(0, _device.AllocatedMemory);
    }

    [Fact]
    public void What_does_not_fit_is_told()
    {
        var (x, weight) = (NdArray.Range(2, 3, 5), NdArray.Range(3, 2, 2, 2));

        Says("conv2d: weight is (3,1,2,2); expected (3,2,2,2) for an input of (2,3,5)", () => F.Conv2d(x, NdArray.Range(3, 1, 2, 2)));
        Says("conv2d: bias is (2); expected (3) for an input of (2,3,5)", () => F.Conv2d(x, weight, NdArray.Range(2)));
        Says("conv2d: input (2,3,5) with padding (0,0) is smaller than the kernel (4,2)", () => F.Conv2d(x, NdArray.Range(1, 2, 4, 2)));
        Says("conv2d.stride: 0 is less than 1", () => F.Conv2d(x, weight, stride: 0));
        Says("conv2d: got 1 parameters; expected weight (3,2,1,1) and bias (3)", () => F.Apply(new Conv2d(3, 1), x, NdArray.Range(3, 2, 1, 1)));
        Says("relu: got 1 parameters; expected none", () => F.Apply(new ReLU(), x, x));
        Says("relu: dy is (2,3,4); expected (2,3,5) for an input of (2,3,5)", () => F.Gradients(new ReLU(), x, NdArray.Range(2, 3, 4)));
        Says("conv2d: x is (0,2,3,5), which has no samples", () => F.Conv2d(NdArray.Range(0, 2, 3, 5), weight));
        var wrong = Assert.Throws<ArgumentException>(() => F.Conv2d(x, NdArray.Range(2, 2)));
        Assert.StartsWith("The weight is (2,2); expected (output channels, input channels / groups, rows, columns).", wrong.Message, StringComparison.Ordinal);
        Assert.Equal(0, _device.AllocatedMemory);
    }

    private static void Says(string words, Action call) => Assert.Equal(words, Assert.Throws<ModelException>(call).Message);

    private static NdArray Of(int[] dimensions, float[] values) => new(new Shape(dimensions), values);

    /// <summary>Statistics are those of a layer that has seen nothing.</summary>
    private static void Fill(Layer layer, Shape input, string tensor, Span<float> values)
    {
        if (layer.Statistics(input).FirstOrDefault(statistic => statistic.Name == tensor) is { } kept)
        {
            values.Fill(kept.Initial);
        }
        else
        {
            GoldenValues.Fill(tensor, values);
        }
    }
}
