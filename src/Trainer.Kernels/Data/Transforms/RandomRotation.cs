using Trainer.Kernels.Schema;
using Trainer.Kernels.Training;

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

/// <summary>Pillow's Image.rotate with nearest pixels: Geometry.c, affine_fixed, in steps of 2^-16 pixel.</summary>
internal static class Rotation
{
    private const double One = 65536;

    public static void Apply(PictureWork work, double degrees, byte fill)
    {
        degrees = ((degrees % 360) + 360) % 360;
        if (degrees == 0)
        {
            return;
        }

        var (source, target, channels) = (work.Picture, work.Spare, work.Picture.Channels);
        var (sine, cosine) = (-Cosine(degrees - 90), Cosine(degrees));
        var (middleX, middleY) = (source.Width / 2.0, source.Height / 2.0);
        var offsetX = (cosine * -middleX) + (sine * -middleY) + middleX;
        var offsetY = (-sine * -middleX) + (cosine * -middleY) + middleY;
        var (xx, xy, yx, yy) = (Fixed(cosine), Fixed(sine), Fixed(-sine), Fixed(cosine));
        var (lineX, lineY) = (Fixed(offsetX + (cosine * 0.5) + (sine * 0.5)), Fixed(offsetY + (-sine * 0.5) + (cosine * 0.5)));
        target.Reshape(source.Height, source.Width, channels).Fill(fill);
        for (var i = 0; i < target.Height; i++, lineX += xy, lineY += yy)
        {
            var row = target.Row(i);
            var (x, y) = (lineX, lineY);
            for (var j = 0; j < target.Width; j++, x += xx, y += yx)
            {
                var (fromX, fromY) = (x >> 16, y >> 16);
                if (fromX >= 0 && fromX < source.Width && fromY >= 0 && fromY < source.Height)
                {
                    source.Row(fromY).Slice(fromX * channels, channels).CopyTo(row[(j * channels)..]);
                }
            }
        }

        work.Swap();
    }

    private static double Cosine(double degrees) => ExactMath.CosPi(Math.Min(Math.Abs(degrees), 360 - Math.Abs(degrees)) / 180);

    private static int Fixed(double value) => (int)Math.Floor((value * One) + 0.5);
}
