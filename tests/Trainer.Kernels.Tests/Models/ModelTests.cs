using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Tests.Models;

public class ModelTests
{
    [Fact]
    public void Lenet_is_that_of_dive_into_deep_learning()
    {
        var model = Zoo.Create("lenet", new Shape(1, 28, 28), 10);

        Assert.Equal((61_706, 10, new Shape(1, 28, 28)), (model.Parameters, model.Classes, model.Input));
        Assert.Equal(
            [
                "0.weight (6,1,5,5)", "0.bias (6)", "3.weight (16,6,5,5)", "3.bias (16)", "7.weight (120,400)", "7.bias (120)",
                "9.weight (84,120)", "9.bias (84)", "11.weight (10,84)", "11.bias (10)",
            ],
            ParameterLayout.Of(model).Slots.Reverse().Select(slot => $"{slot.Name} {slot.Shape}"));
        Assert.Equal(
            [
                "(6,28,28)", "(6,28,28)", "(6,14,14)", "(16,10,10)", "(16,10,10)", "(16,5,5)", "(400)", "(120)", "(120)", "(84)", "(84)", "(10)",
            ],
            model.Graph.Nodes.Select(node => $"{node.Output.Shape}"));
    }

    [Fact]
    public void The_zoo_takes_other_inputs_and_classes() =>
        Assert.Equal(((3 * 150) + 6 + (6 * 400) + 16 + (576 * 120) + 120 + (120 * 84) + 84 + (84 * 7) + 7, 7), Counts(Zoo.LeNet(new Shape(3, 32, 32), 7)));

    [Fact]
    public void Networks_that_do_not_fit_are_refused()
    {
        Refused(
            "layers[3].conv2d", "input (6,4,4) with padding (0,0) is smaller than the kernel (5,5)", () => Zoo.Create("lenet", new Shape(1, 8, 8), 10));
        Refused("layers[11].linear.out_features", "0 is less than 1", () => Zoo.Create("lenet", new Shape(1, 28, 28), 0));
    }

    [Theory]
    [InlineData(8, 8, 8)]
    [InlineData(5, 11, 6)]
    public void Windows_round_down(int height, int width, int features)
    {
        var model = new Model(new Shape(1, height, width), new Conv2d(2, (3, 5)) { Stride = (3, 4), Padding = (0, 1) }, new Flatten(), new Linear(2));

        Assert.Equal(new Shape(features), model.Graph.Nodes[1].Output.Shape);
    }

    [Fact]
    public void Names_within_containers_are_those_of_torch_nn()
    {
        var model = new Model(new Shape(4), new Linear(3), new Sequential(new Sigmoid(), new Sequential(new Linear(2) { Bias = false })));

        Assert.Equal(["1.1.0.weight", "0.bias", "0.weight"], ParameterLayout.Of(model).Slots.Select(slot => slot.Name));
    }

    public static TheoryData<string, string, Shape, Module[]> Misfits => new()
    {
        { "layers", "there are none", new Shape(1, 4, 4), [] },
        { "layers", "0 parameters; expected 1 to 2146435071", new Shape(1, 4, 4), [new Flatten()] },
        {
            "layers[1].linear", "input is (2,2,2); linear takes (features): put a flatten layer before it",
            new Shape(1, 4, 4), [new Conv2d(2, 3), new Linear(3)]
        },
        { "layers[0].conv2d", "input is (16); conv2d takes (channels, height, width)", new Shape(16), [new Conv2d(2, 3)] },
        {
            "layers[0].conv2d", "input (1,4,4) with padding (1,0) is smaller than the kernel (7,3)",
            new Shape(1, 4, 4), [new Conv2d(2, (7, 3)) { Padding = (1, 0) }]
        },
        { "layers[0].conv2d.stride", "0 is less than 1", new Shape(1, 4, 4), [new Conv2d(2, 3) { Stride = (1, 0) }] },
        { "layers[0].conv2d.padding", "-1 is less than 0", new Shape(1, 4, 4), [new Conv2d(2, 3) { Padding = -1 }] },
        { "layers[0].conv2d.kernel_size", "0 is less than 1", new Shape(1, 4, 4), [new Conv2d(2, 0)] },
        { "layers[0].avg_pool2d.padding", "(1,2) is more than half of the kernel (3,3)", new Shape(1, 4, 4), [new AvgPool2d(3) { Padding = (1, 2) }] },
        {
            "layers[1].sequential.layers[0].linear", "input is (1,2,2); linear takes (features): put a flatten layer before it",
            new Shape(1, 4, 4), [new AvgPool2d(2), new Sequential(new Linear(3))]
        },
        { "layers[0].multiply.branches", "there is one; expected two or more to multiply", new Shape(1, 4, 4), [new Multiply([new Conv2d(2, 1)])] },
        {
            "layers[0].multiply.branches[1]",
            "gives (2,1,1), what is before it (1,4,4); expected equal shapes, or as many channels of one pixel beside an image",
            new Shape(1, 4, 4), [new Multiply([], [new Conv2d(2, 4)])]
        },
        { "layers[0].linear", "its weight (65536,65536) has more than 2^31 - 1 elements", new Shape(65536), [new Linear(65536)] },
        { "layers[0].conv2d", "its output (65536,4096,4096) has more than 2^31 - 1 elements", new Shape(1, 4096, 4096), [new Conv2d(65536, 1)] },
        { "layers", "2147450879 parameters; expected 1 to 2146435071", new Shape(32768), [new Linear(32767), new Linear(32767)] },
    };

    [Theory]
    [MemberData(nameof(Misfits))]
    public void What_does_not_fit_is_refused_with_its_place(string path, string problem, Shape input, Module[] layers) =>
        Refused(path, problem, () => new Model(input, layers));

    internal static void Refused(string path, string problem, Func<Model> create)
    {
        var refused = Assert.Throws<ModelException>(create);
        Assert.Equal((path, problem), (refused.Path, refused.Problem));
        Assert.Equal($"{path}: {problem}", refused.Message);
    }

    private static (long Parameters, int Classes) Counts(Model model) => (model.Parameters, model.Classes);
}
