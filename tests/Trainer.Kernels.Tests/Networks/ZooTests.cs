using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Tests.Networks;

public sealed class ZooTests
{
    public static TheoryData<string> Names => [.. Zoo.Names];

    /// <summary>One channel and ten classes, but for networks of colour images; of vgg and resnet50 with torchvision's numbers too.</summary>
    [Theory]
    [InlineData("lenet", 1, 28, 10, 61_706)]
    [InlineData("cnn-rgb32", 3, 32, 10, 6_882)]
    [InlineData("mnistnet", 1, 28, 10, 8_490)]
    [InlineData("keras-cnn", 1, 28, 10, 34_826)]
    [InlineData("alexnet", 1, 224, 10, 46_764_746)]
    [InlineData("vgg11", 1, 224, 10, 128_806_154)]
    [InlineData("vgg11", 3, 224, 1000, 132_863_336)]
    [InlineData("vgg13", 3, 224, 1000, 133_047_848)]
    [InlineData("vgg16", 3, 224, 1000, 138_357_544)]
    [InlineData("vgg19", 3, 224, 1000, 143_667_240)]
    [InlineData("nin", 1, 224, 10, 1_992_166)]
    [InlineData("googlenet", 1, 96, 10, 5_977_530)]
    [InlineData("resnet18", 1, 96, 10, 11_178_378)]
    [InlineData("resnet34", 1, 96, 10, 21_290_250)]
    [InlineData("resnet50", 3, 224, 1000, 25_557_032)]
    [InlineData("densenet", 1, 96, 10, 758_226)]
    public void Parameters(string name, int channels, int size, int classes, long parameters)
    {
        var model = Zoo.Create(name, new Shape(channels, size, size), classes);

        Assert.Equal(parameters, model.Parameters);
        Assert.Equal(classes, model.Classes);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_model_section_says_the_same_network(string name)
    {
        var input = Zoo.Entries.Single(entry => entry.Name == name).Input;
        var model = Zoo.Create(name, input, 7);
        var read = Model.FromJson(model.ToJson(), input);

        Assert.Equal(model.ToJson(), read.ToJson());
        Assert.Equal(ParameterLayout.Of(model).Slots, ParameterLayout.Of(read).Slots);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_network_takes_other_channels_and_widths(string name)
    {
        var input = Zoo.Entries.Single(entry => entry.Name == name).Input;
        var (whole, half) = (Zoo.Create(name, new Shape(5, input[1], input[2]), 3), Zoo.Create(name, input, 10, new ZooOptions(Width: 0.5)));

        Assert.Equal((3, 5), (whole.Classes, ParameterLayout.Of(whole).Slots.Last(slot => slot.Kind == SlotKind.Parameter && slot.Shape.Rank == 4).Shape[1]));
        Assert.InRange(half.Parameters, 1, Zoo.Create(name, input, 10).Parameters - 1);
    }

    /// <summary>D2L divides the channels of VGG's convolutions by four for Fashion-MNIST, and leaves the linear layers alone.</summary>
    [Fact]
    public void A_quarter_of_vgg_is_that_of_dive_into_deep_learning()
    {
        long[] convolutions = [(1 * 9 * 16) + 16, (16 * 9 * 32) + 32, (32 * 9 * 64) + 64, (64 * 9 * 64) + 64, (64 * 9 * 128) + 128, (128 * 9 * 128) + 128];
        var expected = convolutions.Sum() + (2 * ((128 * 9 * 128) + 128)) + ((128 * 49 * 4096) + 4096) + ((4096 * 4096) + 4096) + ((4096 * 10) + 10);

        Assert.Equal(expected, Zoo.Create("vgg11", new Shape(1, 224, 224), 10, new ZooOptions(Width: 0.25)).Parameters);
    }

    [Fact]
    public void Dropout_is_the_users_choice()
    {
        Assert.Equal([0.5, 0.5], Dropouts(null));
        Assert.Equal([0.1, 0.1], Dropouts(0.1));

        static IEnumerable<double> Dropouts(double? p) => Zoo.Create("alexnet", new Shape(1, 224, 224), 10, new ZooOptions(Dropout: p))
            .Graph.Layers.Select(node => node.Layer).OfType<Dropout>().Select(dropout => dropout.P);
    }

    [Fact]
    public void Weights_start_as_their_authors_start_them()
    {
        Assert.All(Initials("resnet18", 1, "weight", 4), initial => Assert.IsType<Uniform>(initial));
        Assert.Equal(new Uniform((float)Math.Sqrt(6.0 / ((1 * 121) + (96 * 121)))), Initials("alexnet", 1, "weight", 4)[0]);
        Assert.Equal(new Uniform(1 / 11f), Initials("alexnet", 1, "bias", 1)[0]);
        Assert.Equal(new Normal(0, (float)Math.Sqrt(2.0 / (64 * 49))), Initials("resnet50", 3, "weight", 4)[0]);
        Assert.Equal(new Uniform((float)(1 / Math.Sqrt(75))), Initials("cnn-rgb32", 3, "weight", 4)[0]);
        Assert.All(Initials("keras-cnn", 1, "bias", 1), initial => Assert.Equal(new Constant(0), initial));

        static List<Initializer> Initials(string name, int channels, string parameter, int rank) =>
        [
            .. Zoo.Create(name, new Shape(channels, 224, 224), 10).Graph.Layers.SelectMany(node => node.Parameters)
                .Where(given => given.Name == parameter && given.Shape.Rank == rank).Select(given => given.Initial),
        ];
    }

    [Fact]
    public void Names_that_nobody_has_are_refused()
    {
        var refused = Assert.Throws<ModelException>(() => Zoo.Create("LeNet", new Shape(1, 28, 28), 10));

        Assert.Equal($"zoo: no network is called 'LeNet'; expected one of {string.Join(", ", Zoo.Names)}", refused.Message);
        Assert.Equal(Zoo.Names.Count, Zoo.Names.Distinct().Count());
    }

    [Theory]
    [InlineData("alexnet", 30)]
    [InlineData("nin", 30)]
    public void Images_that_are_too_small_are_refused(string name, int size) =>
        Assert.StartsWith("layers[", Assert.Throws<ModelException>(() => Zoo.Create(name, new Shape(1, size, size), 10)).Message, StringComparison.Ordinal);
}
