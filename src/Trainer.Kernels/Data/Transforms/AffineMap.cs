using Trainer.Kernels.Training;

namespace Trainer.Kernels.Data.Transforms;

/// <summary>Sines and cosines of degrees, the same on every machine.</summary>
internal static class Angles
{
    private const double Turn = 360;

    public static double Cosine(double degrees)
    {
        var within = Math.Abs(degrees % Turn);
        return ExactMath.CosPi(Math.Min(within, Turn - within) / 180);
    }

    public static double Sine(double degrees) => Cosine(degrees - 90);

    public static double Tangent(double degrees) => Sine(degrees) / Cosine(degrees);
}

/// <summary>Where a pixel's middle comes from: (Xx x + Xy y + X, Yx x + Yy y + Y). Pillow's Image.transform with AFFINE and nearest pixels (Geometry.c).</summary>
internal readonly record struct AffineMap(double Xx, double Xy, double X, double Yx, double Yy, double Y)
{
    private const double One = 65536;

    /// <summary>What torchvision's _get_inverse_affine_matrix gives for a picture that is sheared, scaled, turned and moved, in degrees, about a point.</summary>
    public static AffineMap Inverse(double angle, (double X, double Y) translate, double scale, (double X, double Y) shear, double middleX, double middleY)
    {
        var (sine, cosine, slope) = (Angles.Sine(angle - shear.Y) / Angles.Cosine(shear.Y), Angles.Cosine(angle - shear.Y) / Angles.Cosine(shear.Y), Angles.Tangent(shear.X));
        var (b, d) = ((-cosine * slope) - Angles.Sine(angle), (-sine * slope) + Angles.Cosine(angle));
        var (xx, xy, yx, yy) = (d / scale, -b / scale, -sine / scale, cosine / scale);
        var (x, y) = (-middleX - translate.X, -middleY - translate.Y);
        return new AffineMap(xx, xy, (xx * x) + (xy * y) + middleX, yx, yy, (yx * x) + (yy * y) + middleY);
    }

    /// <summary>The same about a point.</summary>
    public AffineMap About(double x, double y) => this with { X = (Xx * -x) + (Xy * -y) + x, Y = (Yx * -x) + (Yy * -y) + y };

    /// <param name="fill">Of what comes from outside.</param>
    public void Apply(PictureWork work, byte fill)
    {
        var target = work.Spare;
        target.Reshape(work.Picture.Height, work.Picture.Width, work.Picture.Channels).Fill(fill);
        if (Xy == 0 && Yx == 0)
        {
            Scale(work.Picture, target);
        }
        else
        {
            Walk(work.Picture, target);
        }

        work.Swap();
    }

    /// <summary>affine_fixed: in steps of 2^-16 pixel.</summary>
    private void Walk(Picture source, Picture target)
    {
        var channels = source.Channels;
        var (xx, xy, yx, yy) = (Fixed(Xx), Fixed(Xy), Fixed(Yx), Fixed(Yy));
        var (lineX, lineY) = (Fixed(X + (Xx * 0.5) + (Xy * 0.5)), Fixed(Y + (Yx * 0.5) + (Yy * 0.5)));
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
    }

    /// <summary>ImagingScaleAffine: nothing is turned or sheared.</summary>
    private void Scale(Picture source, Picture target)
    {
        var (channels, y) = (source.Channels, Y + (Yy * 0.5));
        for (var i = 0; i < target.Height; i++, y += Yy)
        {
            var fromY = y < 0 ? -1 : (int)y;
            if (fromY < 0 || fromY >= source.Height)
            {
                continue;
            }

            var (from, to, x) = (fromY, i, X + (Xx * 0.5));
            for (var j = 0; j < target.Width; j++, x += Xx)
            {
                var fromX = x < 0 ? -1 : (int)x;
                if (fromX >= 0 && fromX < source.Width)
                {
                    source.Row(from).Slice(fromX * channels, channels).CopyTo(target.Row(to)[(j * channels)..]);
                }
            }
        }
    }

    private static int Fixed(double value) => (int)Math.Floor((value * One) + 0.5);
}
