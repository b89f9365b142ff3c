using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Follow;

/// <summary>What a job came to since it began, as lines of text: loss and accuracy of what was trained, and accuracy of the test set.</summary>
internal sealed class LiveCurves
{
    private const int MostPoints = 4096;
    private const int LabelWidth = 6;
    private const int NarrowestCurve = 8;
    private const int WidestCurve = 60;

    private readonly List<(ulong Step, double Value)> _loss = [];
    private readonly List<(ulong Step, double Value)> _train = [];
    private readonly List<(ulong Step, double Value)> _test = [];

    /// <summary>Takes in what is new. Whoever comes late knows of what was before by its epochs alone.</summary>
    public void Observe(Job job)
    {
        var (steps, epochs) = (job.Progress?.TotalSteps ?? 0, JobText.TotalEpochs(job));
        foreach (var epoch in job.Epochs)
        {
            var end = epochs > 0 ? steps * epoch.Epoch / epochs : 0;
            Add(_loss, end, epoch.Loss);
            Add(_train, end, epoch.TrainAccuracy);
            foreach (var evaluation in epoch.Evaluations)
            {
                Add(_test, evaluation.Step, evaluation.TestAccuracy);
            }

            Add(_test, end, epoch.TestAccuracy);
        }

        if (job.Progress is { Step: > 0 } progress)
        {
            Add(_loss, progress.Step, progress.Loss);
            Add(_train, progress.Step, progress.Accuracy);
            Add(_test, progress.Evaluation?.Step ?? 0, progress.Evaluation?.TestAccuracy ?? double.NaN);
        }
    }

    /// <summary>A line for each curve that has two points or more.</summary>
    /// <param name="width">In columns.</param>
    public IReadOnlyList<string> Lines(int width) =>
    [
        .. Line("loss", _loss, Words.Loss, width),
        .. Line("train", _train, Words.Percent, width),
        .. Line("test", _test, Words.Percent, width),
    ];

    private static IEnumerable<string> Line(string name, List<(ulong Step, double Value)> points, Func<double, string> text, int width)
    {
        if (points.Count < 2)
        {
            yield break;
        }

        var range = $"{text(points.Min(point => point.Value))} to {text(points.Max(point => point.Value))}";
        var figures = Figures.Fit(Math.Max(0, width - LabelWidth - NarrowestCurve - 2), (0, $"{text(points[^1].Value),7}"), (1, range));
        var columns = Math.Clamp(width - LabelWidth - figures.Length - 2, NarrowestCurve, WidestCurve);
        yield return $"{name.PadRight(LabelWidth)}{Sparkline.Of(ByStep(points, columns), columns).PadRight(columns)}  {figures}";
    }

    // Behind the last step that is known; what is no number leaves no point. Where there are too many, each two become one.
    private static void Add(List<(ulong Step, double Value)> points, ulong step, double value)
    {
        if (!double.IsFinite(value) || (points.Count > 0 && step <= points[^1].Step))
        {
            return;
        }

        points.Add((step, value));
        if (points.Count > MostPoints)
        {
            var half = points.Chunk(2).Select(pair => (pair[^1].Step, pair.Average(point => point.Value))).ToList();
            points.Clear();
            points.AddRange(half);
        }
    }

    /// <summary>The mean of each of equal stretches of steps; one without a point has the value before it.</summary>
    private static List<double> ByStep(List<(ulong Step, double Value)> points, int columns)
    {
        var (first, span) = (points[0].Step, points[^1].Step - points[0].Step);
        var count = (int)Math.Min((ulong)columns, span + 1);
        var stretches = points.ToLookup(point => (int)(((double)(point.Step - first) / (span + 1)) * count), point => point.Value);
        var means = new List<double>(count);
        for (var i = 0; i < count; i++)
        {
            means.Add(stretches[i].Any() ? stretches[i].Average() : means[^1]);
        }

        return means;
    }
}
