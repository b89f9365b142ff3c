using System.Globalization;
using Trainer.Cli.Plots;

namespace Trainer.Cli.Trackers;

/// <summary>Which class is taken for which, as a picture: rows are classes, columns what their images were taken for; a cell is as dark as its part of the row.</summary>
internal static class Matrix
{
    private const double Side = 640; // Of the cells together.
    private const double Widest = 40;
    private const double Edge = 14;
    private const double TextSize = 11;
    private const int MostNamed = 30;
    private const string Ink = "#1b1f24";
    private static readonly (int Red, int Green, int Blue) Right = (0x1a, 0x6f, 0x38);
    private static readonly (int Red, int Green, int Blue) Wrong = (0xb3, 0x26, 0x1e);

    /// <param name="classes">Names and how many images each has; by label.</param>
    public static Drawing Draw(string title, IReadOnlyList<(string Name, long Images)> classes, IReadOnlyList<EvaluationFile.Pair> confusions)
    {
        var cell = Math.Min(Widest, Side / Math.Max(classes.Count, 1));
        var hasNames = classes.Count <= MostNamed;
        var left = Edge + (hasNames ? 8 + classes.Max(one => PlotFont.WidthOf(one.Name, TextSize)) : 0);
        var top = Edge + TextSize + 8;
        var shapes = new List<Shape> { new Label(new Point(Edge, Edge + TextSize), title, TextSize, Anchor.Start, Ink) };
        foreach (var (label, predicted, images) in confusions)
        {
            var share = (double)images / Math.Max(classes[label].Images, 1);
            var corner = new Point(left + (predicted * cell), top + (label * cell));
            shapes.Add(new Box(corner, cell, cell, Shade(label == predicted ? Right : Wrong, share)));
            if (hasNames)
            {
                shapes.Add(new Label(new Point(corner.X + (cell / 2), corner.Y + (cell / 2) + 4), images.ToString(CultureInfo.InvariantCulture), cell < 30 ? 8 : TextSize, Anchor.Middle, share > 0.5 ? "#ffffff" : Ink));
            }
        }

        for (var i = 0; hasNames && i < classes.Count; i++)
        {
            shapes.Add(new Label(new Point(left - 8, top + ((i + 0.5) * cell) + 4), classes[i].Name, TextSize, Anchor.End, Ink));
        }

        var size = classes.Count * cell;
        shapes.Add(new Stroke([new Point(left, top), new Point(left + size, top), new Point(left + size, top + size), new Point(left, top + size), new Point(left, top)], Ink, 1));
        return new Drawing(title, Math.Max(left + size + Edge, (2 * Edge) + PlotFont.WidthOf(title, TextSize)), top + size + Edge, shapes);
    }

    // From white to the colour.
    private static string Shade((int Red, int Green, int Blue) colour, double share)
    {
        int Part(int full) => (int)Math.Round(255 - ((255 - full) * Math.Clamp(share, 0, 1)));
        return $"#{Part(colour.Red):x2}{Part(colour.Green):x2}{Part(colour.Blue):x2}";
    }
}
