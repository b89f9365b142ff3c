using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Data.Transforms;

/// <summary>By a drawn angle about the middle, counter-clockwise, with the nearest pixels, as torchvision.transforms.RandomRotation.</summary>
/// <param name="Degrees">One: from -value to value; two: from the first to the second.</param>
/// <param name="Fill">Of what comes from outside, 0 to 255.</param>
[Kind("random_rotation")]
public sealed record RandomRotation(IReadOnlyList<double> Degrees, int Fill = 0) : PictureTransform
{
    public override bool IsRandom => true;

    public override void Apply(PictureWork work, ref Draws draws) =>
        Rotation.Apply(work, draws.Uniform(Degrees.Count == 1 ? -Degrees[0] : Degrees[0], Degrees[^1]), (byte)Fill);
}

/// <summary>Pillow's Image.rotate with nearest pixels.</summary>
internal static class Rotation
{
    public static void Apply(PictureWork work, double degrees, byte fill)
    {
        degrees = ((degrees % 360) + 360) % 360;
        if (degrees != 0)
        {
            var (sine, cosine) = (-Angles.Sine(degrees), Angles.Cosine(degrees));
            new AffineMap(cosine, sine, 0, -sine, cosine, 0).About(work.Picture.Width / 2.0, work.Picture.Height / 2.0).Apply(work, fill);
        }
    }
}
