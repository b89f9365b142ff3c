using SkiaSharp;

namespace Trainer.Cli.Plots;

/// <summary>The letters of plots: ASCII of DejaVu Sans, which comes with the program, since a machine may have no fonts (made by fonts/subset).</summary>
internal static class PlotFont
{
    /// <summary>What SVG files ask for: whoever reads them may have it, or one that is about as wide.</summary>
    public const string Families = "DejaVu Sans, Verdana, sans-serif";

    private static readonly Lazy<SKTypeface> Face = new(() => SKTypeface.FromStream(typeof(PlotFont).Assembly.GetManifestResourceStream("plot-font.ttf")));

    /// <param name="size">In pixels.</param>
    public static SKFont Of(double size) => new(Face.Value, (float)size) { Subpixel = true };

    public static double WidthOf(string text, double size)
    {
        using var font = Of(size);
        return font.MeasureText(text);
    }
}
