using System.Globalization;

namespace Trainer.Cli.Plots;

/// <param name="Job">Its place among the jobs, which gives it its colour.</param>
/// <param name="Points">By step.</param>
/// <param name="HasDots">Whether each point is shown: there are few.</param>
internal sealed record PlotCurve(int Job, IReadOnlyList<Point> Points, bool HasDots);

/// <summary>One metric of all jobs.</summary>
/// <param name="Format">Of its values.</param>
internal sealed record PlotPanel(string Title, Func<double, string> Format, IReadOnlyList<PlotCurve> Curves);

/// <summary>Curves of jobs over each other: a panel for each metric, one below the other over the same steps, and one legend.</summary>
/// <param name="smoothing">Of the exponential moving average of steps, 0 (none) to below 1.</param>
internal sealed class CurvePlot(IReadOnlyList<string> jobs, IReadOnlyList<PlotPanel> panels, bool logarithmic, double smoothing)
{
    private const double Width = 960;
    private const double Edge = 18;
    private const double TitleSize = 15;
    private const double TextSize = 12;
    private const double Line = 20;
    private const string Ink = "#1b1f24";
    private const string Quiet = "#56606b";
    private const string Grid = "#e3e7eb";

    /// <summary>The dashboard's, for a light ground; behind the last one they come again with dashes.</summary>
    private static readonly string[] Colours = ["#1f6fb8", "#d4690a", "#2e8b43", "#b3362f", "#7a54b0", "#8c6239", "#c2458f", "#5c6670", "#8f8f00", "#0d8fa3"];

    private readonly List<Shape> _shapes = [];

    public Drawing Draw()
    {
        _shapes.Clear();
        var steps = panels.SelectMany(panel => panel.Curves).SelectMany(curve => curve.Points).Select(point => point.X).ToList();
        var x = Axis.Between(steps.Min(), steps.Max(), 8);
        var drawn = panels.Select(panel => (Panel: panel, Axis: Axis.Around([.. panel.Curves.SelectMany(curve => curve.Points).Select(point => point.Y)], logarithmic, 6))).ToList();
        var left = Edge + 8 + drawn.Max(one => one.Axis.Ticks.Max(tick => PlotFont.WidthOf(one.Panel.Format(tick), TextSize)));
        var (width, height) = (Width - left - Edge - 12, panels.Count == 1 ? 400.0 : 260.0);
        var top = Edge;
        foreach (var (panel, axis) in drawn)
        {
            _shapes.Add(new Label(new Point(left, top + TitleSize), panel.Title, TitleSize, Anchor.Start, Ink));
            top += TitleSize + 14;
            DrawPanel(panel, x, axis, new Point(left, top), width, height);
            top += height + Line + 14;
        }

        _shapes.Add(new Label(new Point(left + (width / 2), top), "step", TextSize, Anchor.Middle, Quiet));
        top = DrawLegend(left, top + 12, width);
        _shapes.Insert(0, new Box(new Point(0, 0), Width, top + Edge, "#ffffff"));
        return new Drawing($"{string.Join(", ", panels.Select(panel => panel.Title))} of {string.Join(", ", jobs)}", Width, top + Edge, [.. _shapes]);
    }

    private void DrawPanel(PlotPanel panel, Axis x, Axis y, Point corner, double width, double height)
    {
        Point Place(Point point) => new(corner.X + (x.Share(point.X) * width), corner.Y + ((1 - y.Share(point.Y)) * height));
        foreach (var tick in y.Ticks)
        {
            var at = Place(new Point(x.Low, tick));
            _shapes.Add(new Stroke([at, at with { X = corner.X + width }], Grid, 1));
            _shapes.Add(new Label(new Point(at.X - 8, at.Y + (TextSize * 0.36)), panel.Format(tick), TextSize, Anchor.End, Quiet));
        }

        foreach (var tick in x.Ticks)
        {
            var at = Place(new Point(tick, y.Low));
            _shapes.Add(new Stroke([at, at with { Y = at.Y + 5 }], Quiet, 1));
            _shapes.Add(new Label(new Point(at.X, at.Y + Line), tick.ToString("#,0", CultureInfo.InvariantCulture), TextSize, Anchor.Middle, Quiet));
        }

        _shapes.Add(new Stroke([new Point(corner.X, corner.Y + height), new Point(corner.X + width, corner.Y + height)], Quiet, 1));
        foreach (var curve in panel.Curves)
        {
            DrawCurve(curve, Place);
        }
    }

    private void DrawCurve(PlotCurve curve, Func<Point, Point> place)
    {
        var (colour, dash) = StyleOf(curve.Job);
        var weight = curve.HasDots ? 0 : smoothing; // Of evaluations there are few, and each is the mean of many images.
        if (weight > 0)
        {
            _shapes.Add(new Stroke([.. curve.Points.Select(place)], colour, 1, Opacity: 0.25));
        }

        var points = Smoothed(curve.Points, weight).Select(place).ToList();
        _shapes.Add(new Stroke(points, colour, 1.75, Dash: dash));
        _shapes.AddRange((curve.HasDots || points.Count == 1 ? points : []).Select(point => new Dot(point, 2.75, colour)));
    }

    // As many columns as have room.
    private double DrawLegend(double left, double top, double width)
    {
        var columnWidth = jobs.Max(job => PlotFont.WidthOf(job, TextSize)) + 52;
        var columns = Math.Clamp((int)(width / columnWidth), 1, jobs.Count);
        for (var i = 0; i < jobs.Count; i++)
        {
            var (colour, dash) = StyleOf(i);
            var (x, y) = (left + (i % columns * columnWidth), top + (((i / columns) + 1) * Line));
            _shapes.Add(new Stroke([new Point(x, y - 4), new Point(x + 24, y - 4)], colour, 2.5, Dash: dash));
            _shapes.Add(new Label(new Point(x + 32, y), jobs[i], TextSize, Anchor.Start, Ink));
        }

        return top + ((((jobs.Count - 1) / columns) + 1) * Line);
    }

    private static (string Colour, double Dash) StyleOf(int job) => (Colours[job % Colours.Length], job / Colours.Length * 5);

    // Without the pull towards 0 at the beginning, as the dashboard does it.
    private static IEnumerable<Point> Smoothed(IEnumerable<Point> points, double weight)
    {
        var (mean, gone) = (0.0, 1.0);
        foreach (var point in points)
        {
            mean = (weight * mean) + ((1 - weight) * point.Y);
            gone *= weight;
            yield return point with { Y = mean / (1 - gone) };
        }
    }
}
