using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training.Planning;

namespace Trainer.Kernels.Tests.Models;

/// <summary>What a model costs, counted by hand.</summary>
public sealed class ModelSummaryTests
{
    [Fact]
    public void Convolutions_are_counted_by_outputs_and_see_what_their_windows_see()
    {
        var summary = ModelSummary.Of(new Model(
            new Shape(4, 17, 23),
            new Conv2d(6, (3, 5)) { Stride = (2, 1), Dilation = (1, 2), Groups = 2 }, // 6 x 8 x 15
            new MaxPool2d((2, 3)) { Dilation = (3, 1), Stride = 1 }, // 6 x 5 x 13
            new Conv2d(1, 2) { Bias = false })); // 1 x 4 x 12

        Assert.Equal([new Shape(6, 8, 15), new Shape(6, 5, 13), new Shape(1, 4, 12)], summary.Layers.Select(layer => layer.Output));
        Assert.Equal([(6 * 2 * 15) + 6, 0, 6 * 4L], summary.Layers.Select(layer => layer.Parameters));
        Assert.Equal([6 * 8 * 15 * 2 * 15, 0, 4 * 12 * 6 * 4L], summary.Layers.Select(layer => layer.MultiplyAdds));
        // Rows 3, then 3 rows more 2 apart, then 1 more 2 apart; columns 9, then 2 more, then 1 more.
        Assert.Equal(["3x9", "9x11", "11x12"], summary.Layers.Select(layer => $"{layer.ReceptiveField}"));
        Assert.Equal([4 * 720, 4 * 390, 4 * 48L], summary.Layers.Select(layer => layer.ActivationBytes));
    }

    [Fact]
    public void Sums_and_concatenations_see_as_much_as_the_largest_of_their_parts()
    {
        var summary = ModelSummary.Of(new Model(
            new Shape(2, 9, 11),
            new Residual(new Conv2d(2, 3) { Padding = 1 }, new ReLU()),
            new Concat([], [new Conv2d(3, (5, 1)) { Padding = (2, 0), Name = "tall" }]),
            new AdaptiveAvgPool2d((2, 3)),
            new Flatten()));

        Assert.Equal(
            ["0.0 conv2d 3x3", "0.1 relu 3x3", " sum 3x3", "1.tall conv2d 7x3", " concat 7x3", "2 adaptive_avg_pool2d 11x7", "3 flatten 15x13"],
            summary.Layers.Select(layer => $"{layer.Name} {layer.Kind} {layer.ReceptiveField}"));
        Assert.Equal(new Shape(5, 9, 11), summary.Layers[4].Output);
        Assert.Equal(0, summary.Layers[^1].ActivationBytes);
    }

    /// <summary>Padding before the image, its edges in both directions unlike, and whose outputs each takes.</summary>
    [Fact]
    public void A_field_begins_before_the_image_where_there_is_padding()
    {
        var summary = ModelSummary.Of(new Model(
            new Shape(2, 19, 23),
            new ZeroPad2d(new Sides(3, 0, 1, 2)), // left, right, top, bottom
            new Conv2d(2, (3, 5)) { Stride = (2, 3), Padding = (1, 2) },
            new Residual(new Conv2d(2, 3) { Padding = 1 }, new ReLU()),
            new MaxPool2d(2) { Padding = 1 }));

        Assert.Equal(
            ["zero_pad2d -1,-3 1,1", "conv2d -2,-5 2,3", "conv2d -4,-8 2,3", "relu -4,-8 2,3", "sum -4,-8 2,3", "max_pool2d -6,-11 4,6"],
            summary.Layers.Select(layer => $"{layer.Kind} {layer.ReceptiveField.Top},{layer.ReceptiveField.Left} {layer.ReceptiveField.StrideHeight},{layer.ReceptiveField.StrideWidth}"));
        Assert.Equal(["-1", "0", "1", "2", "3,1", "4"], summary.Layers.Select(layer => string.Join(',', layer.Inputs)));
    }

    [Theory]
    [InlineData("lenet", 61_706)]
    [InlineData("googlenet", 5_977_530)]
    [InlineData("densenet", 758_226)]
    public void Parameters_add_up_to_the_models(string network, long parameters)
    {
        var summary = ModelSummary.Of(Zoo.Create(network, Zoo.Entries.Single(entry => entry.Name == network).Input, 10));

        Assert.Equal(parameters, summary.Parameters);
    }

    [Fact]
    public void Memory_is_that_of_the_networks_plan()
    {
        var summary = ModelSummary.Of(new Model(new Shape(16), new Linear(32), new Linear(16)));

        Assert.Equal(4 * (16 + 32 + 16), summary.EvaluationBytes); // x, y1, y2
        Assert.Equal(4 * (16 + 32 + 16 + 32), summary.TrainingBytes); // x; y1, dy2 and dy1 at once, y2 where dy1 comes to lie
    }
}
