using Trainer.Kernels.Inspection;

namespace Trainer.Kernels.Tests.Inspection;

/// <summary>Filters and feature maps as pixels, by hand.</summary>
public class LayerPictureTests
{
    [Fact]
    public void A_weight_of_nothing_is_grey_and_the_largest_of_its_filter_black_or_white()
    {
        var pictures = LayerPictures.OfFilters([0, 2, -2, 1, 0.5f, 0, 0, 0], new Shape(2, 1, 2, 2), filters: 64, channels: 64);

        Assert.Equal([128, 255, 1, 192], pictures[0].Pixels.ToArray().Select(pixel => (int)pixel)); // 128 + 127 / 2 = 191.5, to even
        Assert.Equal([255, 128, 128, 128], pictures[1].Pixels.ToArray().Select(pixel => (int)pixel));
        Assert.Equal((2, 2, 1), (pictures[0].Height, pictures[0].Width, pictures[0].Channels));
    }

    [Fact]
    public void Filters_of_three_channels_are_in_colour()
    {
        var picture = Assert.Single(LayerPictures.OfFilters([1, 0, 0, -1, 0, 1], new Shape(1, 3, 1, 2), filters: 64, channels: 1));

        Assert.Equal([255, 128, 128, 128, 1, 255], picture.Pixels.ToArray().Select(pixel => (int)pixel));
    }

    [Fact]
    public void Of_many_the_first_are_shown_channel_by_channel()
    {
        var pictures = LayerPictures.OfFilters(new float[5 * 7 * 3], new Shape(5, 7, 1, 3), filters: 2, channels: 4);

        Assert.Equal(8, pictures.Count);
        Assert.All(pictures, picture => Assert.Equal([128, 128, 128], picture.Pixels.ToArray()));
    }

    [Fact]
    public void A_map_reaches_from_black_to_white_and_one_of_equal_values_is_grey()
    {
        var maps = LayerPictures.OfMaps([-3, 1, 0, -1, 5, 5, 5, 5, float.NaN, 0, 2, float.PositiveInfinity], new Shape(3, 2, 2), channels: 64);

        Assert.Equal([0, 255, 191, 128], maps[0].Picture.Pixels.ToArray().Select(pixel => (int)pixel)); // 3/4 and 2/4 of 255
        Assert.Equal((-3f, 1f), (maps[0].Least, maps[0].Greatest));
        Assert.Equal([128, 128, 128, 128], maps[1].Picture.Pixels.ToArray().Select(pixel => (int)pixel));
        Assert.Equal([0, 0, 255, 255], maps[2].Picture.Pixels.ToArray().Select(pixel => (int)pixel));
        Assert.Equal((0f, 2f), (maps[2].Least, maps[2].Greatest));
    }

    [Fact]
    public void The_likeliest_classes_have_the_probabilities_of_a_softmax()
    {
        var best = Guess.Best([1, 3, 3, -2], count: 3, areProbabilities: false);
        var each = Guess.Each([0, 100], count: 5);

        Assert.Equal([1, 2, 0], best.Select(guess => guess.Class));
        Assert.Equal(Math.Exp(3) / (Math.Exp(1) + (2 * Math.Exp(3)) + Math.Exp(-2)), best[0].Probability, 1e-12);
        Assert.Equal([(1, 1.0), (0, 0.5)], each.Select(guess => (guess.Class, guess.Probability)));
    }
}
