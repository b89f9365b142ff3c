using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Metrics;
using Trainer.Hosting.Steps;

namespace Trainer.Hosting.Tests.Steps;

/// <summary>What is told of runs is what their steps come to, whatever lies beside the files.</summary>
public sealed class StepSummaryTests : IDisposable
{
    private const int Steps = 6007;

    private static readonly IReadOnlyList<StepMetric> Metrics = [.. StepMetric.All.Where(metric => metric.Name is "gradient_norm" or "loss" or "images_per_second").Reverse()];

    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-summaries-").FullName;
    private readonly List<string> _missing = [];

    private FolderStore Artifacts => new(_folder);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Values of any kind, steps that have none, files that begin within a run: by the summary come the extremes of each run of the widest kind that is allowed.</summary>
    [Theory]
    [InlineData(1, 1, 16)]
    [InlineData(2, 16, 32)]
    [InlineData(3, 1025, 128)]
    [InlineData(4, 777, 512)]
    [InlineData(5, 4999, 4096)]
    public void A_summary_tells_the_extremes_of_runs(int seed, ulong first, ulong run)
    {
        var random = new Random(seed);
        var losses = new double[Steps];
        for (var i = 0; i < Steps; i++)
        {
            losses[i] = random.Next(i < Steps / 2 ? 4 : 40) switch { 0 => double.NaN, 1 => double.PositiveInfinity, 2 => 3, _ => random.NextDouble() };
        }

        Array.Fill(losses, double.NaN, 2000, 300); // Whole runs that are none.
        Write(Artifacts, first, losses, [.. losses.Select(_ => random.Next(100) > 90)]);
        Assert.True(StepSummaryBuilder.Make(Artifacts, "steps/1.1.csv"));
        var width = StepSummary.Widths.First(width => width <= run);
        var summed = Read(run);
        Assert.Equal(Runs(Read(run: 1), width), Runs(summed, width));
        Assert.All(summed.GroupBy(one => (one.Metric, Run: (one.Step - 1) / width)), points => Assert.InRange(points.Count(), 1, 2));
        Assert.Empty(_missing);
    }

    [Fact]
    public void Where_a_range_ends_within_a_file_or_a_later_generation_does_the_steps_themselves_are_read()
    {
        Write(Artifacts, first: 1, Losses(0), All);
        new StepWriter(Artifacts, 1, 2).Append([Record(5990, 77)]);
        Assert.True(StepSummaryBuilder.Make(Artifacts, "steps/1.1.csv"));
        Assert.Equal(Read(run: 1), Read(run: 16));
        Assert.Equal(Read(run: 1, first: 2), Read(run: 16, first: 2));
        Assert.Equal(77, Read(run: 16)[^1].Value);
    }

    [Fact]
    public void A_file_that_has_grown_has_no_summary_until_it_is_made_again()
    {
        Write(Artifacts, first: 1, Losses(0), All);
        Read(run: 16);
        Assert.Equal(["steps/1.1.csv"], _missing);
        StepSummaryBuilder.Make(Artifacts, "steps/1.1.csv");
        Assert.NotEqual(Read(run: 1), Read(run: 16));
        File.AppendAllText(Path.Combine(_folder, "steps", "1.1.csv"), StepLines.Of(Record(Steps + 1, -77)) + "\n");
        Assert.Equal(Read(run: 1), Read(run: 16));
        Assert.Equal(2, _missing.Count);
        StepSummaryBuilder.Make(Artifacts, "steps/1.1.csv");
        Assert.Equal(-77, Read(run: 16).Min(one => one.Value));
        Assert.Equal(2, _missing.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(39)]
    [InlineData(1000)]
    [InlineData(-1)]
    public void What_is_no_whole_summary_is_none(int bytes)
    {
        Write(Artifacts, first: 1, Losses(0), All);
        StepSummaryBuilder.Make(Artifacts, "steps/1.1.csv");
        var summary = File.ReadAllBytes(Path.Combine(_folder, "steps", "1.1.extremes"));
        Artifacts.Put("steps/1.1.extremes", bytes < 0 ? [.. summary.Reverse()] : summary.AsSpan(0, bytes));
        Assert.Equal(Read(run: 1), Read(run: 16));
        Assert.Equal(["steps/1.1.csv"], _missing);
    }

    [Fact]
    public void The_file_that_grows_is_read_itself_and_missed_by_nobody()
    {
        Write(Artifacts, first: 1, Losses(0), All);
        Assert.Equal(Read(run: 1), Read(run: 16, hasEnded: false));
        Assert.Empty(_missing);
    }

    [Fact]
    public void Steps_that_are_not_in_order_have_no_summary()
    {
        Write(Artifacts, first: 9, Losses(0), All);
        File.AppendAllText(Path.Combine(_folder, "steps", "1.1.csv"), StepLines.Of(Record(8, 1)) + "\n");
        Assert.False(StepSummaryBuilder.Make(Artifacts, "steps/1.1.csv"));
        Assert.False(StepSummaryBuilder.Make(Artifacts, "steps/1.2.csv"));
        Assert.Equal(["steps/1.1.csv"], Artifacts.List("").Select(file => file.Key));
    }

    private static bool[] All => [.. Enumerable.Repeat(true, Steps)];

    private static double[] Losses(int seed) => [.. Enumerable.Range(0, Steps).Select(step => Math.Sin(seed + (step * step)))];

    private static void Write(FolderStore artifacts, ulong first, double[] losses, bool[] has) => new StepWriter(artifacts, 1, 1)
        .Append([.. losses.Select((loss, i) => Record(first + (ulong)i, loss) with { GradientNorm = has[i] ? loss : null })]);

    private static StepRecord Record(ulong step, double loss) =>
        new(step, 1, new DateTime(2026, 1, 31, 12, 0, 0, DateTimeKind.Utc), loss, 0.25, 0.1, null, 1000 - step, new StepPhases(1, 1, 1, 1, 1));

    private static List<(int Metric, double Low, ulong LowStep, double High, ulong HighStep)> Runs(IEnumerable<(int Metric, ulong Step, double Value)> points, ulong width) =>
    [.. points.GroupBy(one => (one.Metric, Run: (one.Step - 1) / width)).OrderBy(run => run.Key).Select(run =>
    {
        var extremes = default(Extremes);
        foreach (var (_, step, value) in run)
        {
            extremes.Add(step, value);
        }

        return (run.Key.Metric, extremes.Low, extremes.LowStep, extremes.High, extremes.HighStep);
    })];

    private List<(int Metric, ulong Step, double Value)> Read(ulong run, ulong first = 1, bool hasEnded = true)
    {
        var read = new List<(int, ulong, double)>();
        new StepCurves(Artifacts, new CurveQuery(Metrics, first, ulong.MaxValue, run, hasEnded), (metric, step, value) => read.Add((metric, step, value)), _missing.Add).Read();
        return read;
    }
}
