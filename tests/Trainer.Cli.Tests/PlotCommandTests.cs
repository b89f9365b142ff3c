using System.Globalization;
using System.Xml.Linq;
using SkiaSharp;
using Trainer.Cli.Plots;
using Trainer.Cli.Tests.Fakes;
using Trainer.Protos;

namespace Trainer.Cli.Tests;

/// <summary>trainer plot ID... --to FILE: SVG is read as XML, PNG by SkiaSharp's decoder.</summary>
public sealed class PlotCommandTests : ClusterCommandTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public async Task Jobs_are_curves_over_each_other()
    {
        Record(("j-1", "first"), ("j-2", "second"));
        var run = await RunAsync("plot", "j-1", "j-2", "--metric", "loss", "-m", "test_accuracy", "--smoothing", "0.5", "--to", Home["both.svg"], "--output", "json");

        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.Equal($"[\"loss\",\"test_accuracy\"]", run.JsonLines.Single()["metrics"]!.ToJsonString());
        var svg = XDocument.Load(Home["both.svg"]).Root!;
        var texts = svg.Elements(Svg + "text").Select(text => text.Value).ToList();
        Assert.Contains("loss", texts);
        Assert.Contains("test accuracy", texts);
        Assert.Equal(["first j-1", "second j-2"], texts.TakeLast(2));
        Assert.Equal("loss, test accuracy of first j-1, second j-2", svg.Element(Svg + "title")!.Value);
        var curves = svg.Elements(Svg + "polyline").Where(line => Points(line).Count == 7).ToList();
        Assert.Equal(["#1f6fb8", "#1f6fb8", "#d4690a", "#d4690a"], curves.Select(line => line.Attribute("stroke")!.Value)); // Each with its faint original.
        Assert.Equal(["0.25", null, "0.25", null], curves.Select(line => line.Attribute("stroke-opacity")?.Value));
        Assert.Equal(4, svg.Elements(Svg + "circle").Count()); // Two evaluations of two jobs.
        Assert.All(curves, line => Assert.Equal(Points(line).Select(point => point.X).Order(), Points(line).Select(point => point.X)));
        Assert.True(Points(curves[0])[0].Y < Points(curves[0])[^1].Y); // The loss falls.
        Assert.All(svg.Descendants().Attributes().Where(one => one.Name.LocalName is "x" or "cx"), one => Assert.InRange(double.Parse(one.Value, CultureInfo.InvariantCulture), 0, 960));
    }

    /// <summary>Both files are one drawing: where SVG has a curve's point, PNG has its colour.</summary>
    [Fact]
    public async Task The_picture_has_what_the_drawing_has()
    {
        Record(("j-1", "first"));
        Assert.Equal(0, (await RunAsync("plot", "j-1", "--to", Home["one.svg"])).ExitCode);
        Assert.Equal(0, (await RunAsync("plot", "j-1", "--to", Home["one.png"])).ExitCode);

        var svg = XDocument.Load(Home["one.svg"]).Root!;
        using var png = SKBitmap.Decode(Home["one.png"]);
        Assert.Equal((1920, 2 * double.Parse(svg.Attribute("height")!.Value, CultureInfo.InvariantCulture)), (png.Width, png.Height));
        var curve = svg.Elements(Svg + "polyline").Single(line => Points(line).Count == 7);
        Assert.All(Points(curve).Skip(1).SkipLast(1), point => Assert.Equal(SKColor.Parse("#1f6fb8"), png.GetPixel((int)Math.Round(2 * point.X), (int)Math.Round(2 * point.Y))));
        var legend = svg.Elements(Svg + "text").Last();
        var (x, y) = (2 * (int)(double)legend.Attribute("x")!, 2 * (int)(double)legend.Attribute("y")!);
        Assert.Contains(Enumerable.Range(x, 80), at => Enumerable.Range(y - 20, 20).Any(row => png.GetPixel(at, row).Red < 100)); // There are letters, also where the machine has no fonts.
    }

    [Theory]
    [InlineData("0.0003,0.0007", false, "0.0003 0.0004 0.0005 0.0006 0.0007")]
    [InlineData("0.07,2.31", false, "0 0.5 1 1.5 2 2.5")]
    [InlineData("-3,-3", false, "-3.3 -3.2 -3.1 -3 -2.9 -2.8 -2.7")]
    [InlineData("0", false, "-1 -0.5 0 0.5 1")]
    [InlineData("0.03,2.3", true, "0.02 0.05 0.1 0.2 0.5 1 2 5")]
    [InlineData("0.00001,700", true, "1E-05 0.0001 0.001 0.01 0.1 1 10 100 1000")]
    [InlineData("7", true, "5 10")]
    public void Ticks_are_round_and_around_all(string values, bool logarithmic, string ticks)
    {
        var all = values.Split(',').Select(value => double.Parse(value, CultureInfo.InvariantCulture)).ToList();
        var axis = Axis.Around(all, logarithmic, 6);
        Assert.Equal(ticks, string.Join(' ', axis.Ticks.Select(tick => tick.ToString("G6", CultureInfo.InvariantCulture))));
        Assert.All(all, value => Assert.InRange(axis.Share(value), -1e-9, 1 + 1e-9));
    }

    [Fact]
    public void Steps_are_whole()
    {
        Assert.Equal([1, 2, 3], Axis.Between(1, 3, 8).Ticks);
        Assert.Equal([500, 1000, 1500, 2000], Axis.Between(7, 2350, 8).Ticks);
        Assert.Equal([7], Axis.Between(7, 7, 8).Ticks);
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused()
    {
        Record(("j-1", "first"));
        Assert.Equal((2, "--to: expected a name that ends in .svg or .png, got 'a.jpg'.\nSee: trainer plot --help\n"), await EndOfAsync("plot", "j-1", "--to", "a.jpg"));
        Assert.Equal((2, "--smoothing: expected 0 to 0.99, got '1'.\nSee: trainer plot --help\n"), await EndOfAsync("plot", "j-1", "--to", "a.svg", "--smoothing", "1"));
        Assert.Equal((2, "ID: expected 1 to 20 jobs, got 21. More curves cannot be told apart.\nSee: trainer plot --help\n"), await EndOfAsync(["plot", .. Enumerable.Range(0, 21).Select(i => $"j-{i}"), "--to", "a.svg"]));
        Assert.Equal(2, (await RunAsync("plot", "j-1", "--to", "a.svg", "--metric", "beauty")).ExitCode);
        File.WriteAllText(Home["there.svg"], "");
        Assert.Equal((1, $"{Home["there.svg"]} is there already.\nReplace it with --force, or give another file with --to.\n"), await EndOfAsync("plot", "j-1", "--to", Home["there.svg"]));
        Assert.Equal(0, (await RunAsync("plot", "j-1", "--to", Home["there.svg"], "--force")).ExitCode);
        Api.Steps.Clear();
        Assert.Equal((1, "There are no points of loss on record above 0.\nCurves begin with a job's first step, or its first evaluation. See: trainer metrics ID\n"), await EndOfAsync("plot", "j-1", "--log", "--to", Home["none.svg"]));
        Assert.Equal(["there.svg"], Directory.GetFiles(Home.Path, "*.svg*").Select(Path.GetFileName));
    }

    private async Task<(int, string)> EndOfAsync(params string[] arguments) => await RunAsync(arguments) is var run ? (run.ExitCode, run.Errors) : default;

    private void Record(params (string Id, string Name)[] jobs)
    {
        Api.Jobs.AddRange(jobs.Select(job => new Job
        {
            Id = job.Id,
            Spec = new JobSpec { Name = job.Name },
            Progress = new Progress { Step = 7, TotalSteps = 7, TotalEpochs = 2 },
            Epochs = { new EpochSummary { Epoch = 1, TestAccuracy = 0.31 }, new EpochSummary { Epoch = 2, TestAccuracy = 0.71 } },
        }));
        Api.Steps.AddRange(Enumerable.Range(1, 7).Select(step => new StepMetrics { Step = (ulong)step, Loss = 2.3 / step }));
    }

    private static List<(double X, double Y)> Points(XElement line) =>
        [.. line.Attribute("points")!.Value.Split(' ').Select(point => point.Split(',')).Select(point => (double.Parse(point[0], CultureInfo.InvariantCulture), double.Parse(point[1], CultureInfo.InvariantCulture)))];
}
