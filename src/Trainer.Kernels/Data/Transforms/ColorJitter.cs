using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Data.Transforms;

/// <summary>Brightness, contrast, saturation and hue, in drawn order, as torchvision.transforms.ColorJitter.</summary>
/// <param name="Brightness">One value: its factor is from 1 - value, but at least 0, to 1 + value; two: from the first to the second. None, or 0: as it is.</param>
/// <param name="Contrast">Likewise.</param>
/// <param name="Saturation">Likewise.</param>
/// <param name="Hue">One value, 0 to 0.5: from -value to value of the whole circle; two: from the first to the second.</param>
[Kind("color_jitter")]
public sealed record ColorJitter(
    IReadOnlyList<double>? Brightness = null, IReadOnlyList<double>? Contrast = null, IReadOnlyList<double>? Saturation = null, IReadOnlyList<double>? Hue = null)
    : PictureTransform
{
    private const int Kinds = 4;

    public override bool IsRandom => true;

    public override void Apply(PictureWork work, ref Draws draws)
    {
        Span<int> order = stackalloc int[Kinds];
        Shuffle(order, ref draws);
        Span<double> factors = [Draw(Brightness, 1, ref draws), Draw(Contrast, 1, ref draws), Draw(Saturation, 1, ref draws), Draw(Hue, 0, ref draws)];
        foreach (var kind in order)
        {
            Apply(kind, factors[kind], work.Picture);
        }
    }

    private void Apply(int kind, double factor, Picture picture)
    {
        switch (kind)
        {
            case 0 when Changes(Brightness):
                Colours.Brightness(picture.Pixels, factor);
                break;
            case 1 when Changes(Contrast):
                Colours.Contrast(picture.Pixels, picture.Channels, factor);
                break;
            case 2 when Changes(Saturation):
                Colours.Saturation(picture.Pixels, picture.Channels, factor);
                break;
            case 3 when Changes(Hue) && picture.Channels == 3:
                Colours.Hue(picture.Pixels, factor);
                break;
        }
    }

    private static bool Changes(IReadOnlyList<double>? option) => option is [_, _] or [not 0];

    private static double Draw(IReadOnlyList<double>? option, double center, ref Draws draws) => option switch
    {
        [var value] => draws.Uniform(center == 0 ? -value : Math.Max(0, center - value), center + value),
        [var from, var to] => draws.Uniform(from, to),
        _ => center,
    };

    private static void Shuffle(Span<int> order, ref Draws draws)
    {
        for (var i = 0; i < order.Length; i++)
        {
            var j = draws.Below(i + 1);
            (order[i], order[j]) = (order[j], i);
        }
    }
}
