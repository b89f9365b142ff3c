using Trainer.Kernels.Schema;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Data.Transforms;

/// <summary>A part of a picture of drawn size and proportion, brought to one size, as torchvision.transforms.RandomResizedCrop.</summary>
/// <param name="Size">One: a square; two: height and width.</param>
/// <param name="Scale">Of the part's area, in the whole.</param>
/// <param name="Ratio">Of its width to its height.</param>
[Kind("random_resized_crop")]
public sealed record RandomResizedCrop(
    IReadOnlyList<int> Size, IReadOnlyList<double>? Scale = null, IReadOnlyList<double>? Ratio = null, Interpolation Interpolation = Interpolation.Bilinear)
    : PictureTransform, ICut
{
    private const double LeastScale = 0.08;
    private const double Narrow = 3.0 / 4;
    private const double Wide = 4.0 / 3;

    public override bool IsRandom => true;

    public override PictureForm After(PictureForm form) => form.WithSize(Size[0], Size[^1]);

    public override void Apply(PictureWork work, ref Draws draws)
    {
        var part = PartOf(work.Picture.Height, work.Picture.Width, ref draws);
        Cutting.Crop(work, part.Top, part.Left, part.Height, part.Width);
        ApplyToPart(work);
    }

    Area ICut.PartOf(int height, int width, ref Draws draws) => PartOf(height, width, ref draws);

    void ICut.ApplyToPart(PictureWork work) => ApplyToPart(work);

    private Area PartOf(int height, int width, ref Draws draws) =>
        RandomArea.Draw(height, width, Scale ?? [LeastScale, 1], Ratio ?? [Narrow, Wide], ref draws) ?? Center(height, width);

    private void ApplyToPart(PictureWork work) => work.Tool<Resampler>().Run(work, Size[0], Size[^1], Interpolation);

    /// <summary>Where no part fits: as much of the middle as the proportions allow.</summary>
    private Area Center(int allHeight, int allWidth)
    {
        var (least, most) = (Ratio?.Min() ?? Narrow, Ratio?.Max() ?? Wide);
        var ratio = (double)allWidth / allHeight;
        var (height, width) = ratio < least ? (RandomArea.Rounded(allWidth / least), allWidth) : ratio > most ? (allHeight, RandomArea.Rounded(allHeight * most)) : (allHeight, allWidth);
        return new Area((allHeight - height) / 2, (allWidth - width) / 2, height, width);
    }
}

/// <summary>Rectangles of drawn area and proportion.</summary>
internal static class RandomArea
{
    private const int Tries = 10;

    /// <param name="scale">Of the area.</param>
    /// <param name="ratio">Of width to height, drawn evenly in its logarithm.</param>
    /// <param name="isWithin">Whether something must be left on either side.</param>
    /// <returns>Null: none of ten fits.</returns>
    public static Area? Draw(int height, int width, IReadOnlyList<double> scale, IReadOnlyList<double> ratio, ref Draws draws, bool isWithin = false)
    {
        var (mostHeight, mostWidth) = isWithin ? (height - 1, width - 1) : (height, width);
        var (from, to) = (ExactMath.Log(ratio[0]), ExactMath.Log(ratio[1]));
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var area = (double)height * width * draws.Uniform(scale[0], scale[1]);
            var proportion = ExactMath.Exp(draws.Uniform(from, to));
            var (w, h) = (Rounded(Math.Sqrt(area * proportion)), Rounded(Math.Sqrt(area / proportion)));
            if (w > 0 && h > 0 && w <= mostWidth && h <= mostHeight)
            {
                var top = draws.Below(height - h + 1);
                return new Area(top, draws.Below(width - w + 1), h, w);
            }
        }

        return null;
    }

    /// <summary>As Python rounds.</summary>
    public static int Rounded(double value) => (int)Math.Round(value, MidpointRounding.ToEven);
}
