namespace Trainer.Cli.Plots;

/// <summary>A picture as shapes, from the upper left corner, the first at the bottom. <see cref="SvgFile"/> writes it; <see cref="Pixels"/> has its pixels.</summary>
/// <param name="Title">What it shows, for those who do not see it.</param>
internal sealed record Drawing(string Title, double Width, double Height, IReadOnlyList<Shape> Shapes);

internal readonly record struct Point(double X, double Y);

/// <param name="Colour">#rrggbb</param>
internal abstract record Shape(string Colour);

/// <summary>A rectangle that is filled.</summary>
internal sealed record Box(Point Corner, double Width, double Height, string Colour) : Shape(Colour);

/// <summary>A line from point to point.</summary>
/// <param name="Opacity">0..1</param>
/// <param name="Dash">Length of dashes and of the gaps between them; 0: it is whole.</param>
internal sealed record Stroke(IReadOnlyList<Point> Points, string Colour, double Thickness, double Opacity = 1, double Dash = 0) : Shape(Colour);

/// <summary>A disc.</summary>
internal sealed record Dot(Point Centre, double Radius, string Colour) : Shape(Colour);

/// <summary>A line of text.</summary>
/// <param name="At">On its base line: where it begins, its middle or its end.</param>
internal sealed record Label(Point At, string Text, double Size, Anchor Anchor, string Colour) : Shape(Colour);

internal enum Anchor
{
    Start,
    Middle,
    End,
}
