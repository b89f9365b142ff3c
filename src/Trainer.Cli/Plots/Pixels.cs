using SkiaSharp;
using Trainer.Kernels.Data;

namespace Trainer.Cli.Plots;

/// <summary>A drawing as a picture, two pixels for each of its units.</summary>
internal static class Pixels
{
    private const int Scale = 2;

    public static Picture Of(Drawing drawing)
    {
        using var bitmap = new SKBitmap(new SKImageInfo((int)Math.Ceiling(drawing.Width * Scale), (int)Math.Ceiling(drawing.Height * Scale), SKColorType.Rgba8888, SKAlphaType.Opaque));
        bitmap.Erase(SKColors.White);
        using (var canvas = new SKCanvas(bitmap))
        {
            canvas.Scale(Scale);
            foreach (var shape in drawing.Shapes)
            {
                Draw(canvas, shape);
            }
        }

        return WithoutAlpha(bitmap);
    }

    private static Picture WithoutAlpha(SKBitmap bitmap)
    {
        var picture = new Picture();
        var rgba = bitmap.GetPixelSpan();
        var rgb = picture.Reshape(bitmap.Height, bitmap.Width, channels: 3);
        for (int from = 0, to = 0; to < rgb.Length; from += 4, to += 3)
        {
            rgba.Slice(from, 3).CopyTo(rgb[to..]);
        }

        return picture;
    }

    private static void Draw(SKCanvas canvas, Shape shape)
    {
        using var paint = new SKPaint { Color = SKColor.Parse(shape.Colour), IsAntialias = true };
        switch (shape)
        {
            case Box box:
                canvas.DrawRect((float)box.Corner.X, (float)box.Corner.Y, (float)box.Width, (float)box.Height, paint);
                break;
            case Dot dot:
                canvas.DrawCircle(Place(dot.Centre), (float)dot.Radius, paint);
                break;
            case Stroke path:
                (paint.IsStroke, paint.StrokeWidth, paint.StrokeJoin) = (true, (float)path.Thickness, SKStrokeJoin.Round);
                paint.Color = paint.Color.WithAlpha((byte)Math.Round(255 * path.Opacity));
                using (var dashes = path.Dash > 0 ? SKPathEffect.CreateDash([(float)path.Dash, (float)path.Dash], 0) : null)
                using (var line = Line(path.Points))
                {
                    paint.PathEffect = dashes;
                    canvas.DrawPath(line, paint);
                }

                break;
            case Label label:
                using (var font = PlotFont.Of(label.Size))
                {
                    canvas.DrawText(label.Text, Place(label.At), AnchorOf(label.Anchor), font, paint);
                }

                break;
        }
    }

    private static SKPath Line(IReadOnlyList<Point> points)
    {
        var line = new SKPathBuilder();
        line.MoveTo(Place(points[0]));
        foreach (var point in points.Skip(1))
        {
            line.LineTo(Place(point));
        }

        return line.Detach();
    }

    private static SKPoint Place(Point point) => new((float)point.X, (float)point.Y);

    private static SKTextAlign AnchorOf(Anchor anchor) => anchor switch
    {
        Anchor.Start => SKTextAlign.Left,
        Anchor.Middle => SKTextAlign.Center,
        _ => SKTextAlign.Right,
    };
}
