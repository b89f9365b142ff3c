using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Data.Transforms;

/// <summary>Turned, moved, scaled and sheared about the middle, by drawn amounts, with the nearest pixels, as torchvision.transforms.RandomAffine.</summary>
/// <param name="Degrees">One: from -value to value; two: from the first to the second.</param>
/// <param name="Translate">Parts of width and height, 0 to 1: at most so far, either way. None: not at all.</param>
/// <param name="Scale">From the first to the second. None: 1.</param>
/// <param name="Shear">In degrees: one or two as Degrees, along x; four: along y from the third to the fourth as well. None: not at all.</param>
/// <param name="Fill">Of what comes from outside, 0 to 255.</param>
[Kind("random_affine")]
public sealed record RandomAffine(
    IReadOnlyList<double> Degrees, IReadOnlyList<double>? Translate = null, IReadOnlyList<double>? Scale = null, IReadOnlyList<double>? Shear = null, int Fill = 0)
    : PictureTransform
{
    public override bool IsRandom => true;

    public override PictureForm After(PictureForm form) => Shear is [_, _, _]
        ? throw new ArgumentException("shear has 3 values; expected 1, 2 or 4")
        : form;

    public override void Apply(PictureWork work, ref Draws draws)
    {
        var (width, height) = (work.Picture.Width, work.Picture.Height);
        var angle = Draw(Degrees, ref draws);
        var (x, y) = Translate is [var across, var down] ? (Moved(across * width, ref draws), Moved(down * height, ref draws)) : (0, 0);
        var scale = Scale is [var least, var most] ? draws.Uniform(least, most) : 1;
        var sheared = (X: Shear is { Count: > 0 } ? Draw([.. Shear.Take(2)], ref draws) : 0, Y: Shear is [_, _, var from, var to] ? draws.Uniform(from, to) : 0);
        AffineMap.Inverse(angle, (x, y), scale, sheared, width * 0.5, height * 0.5).Apply(work, (byte)Fill);
    }

    private static double Moved(double most, ref Draws draws) => Math.Round(draws.Uniform(-most, most));

    private static double Draw(IReadOnlyList<double> range, ref Draws draws) => draws.Uniform(range.Count == 1 ? -range[0] : range[0], range[^1]);
}
