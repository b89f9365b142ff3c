using System.Globalization;
using Trainer.Cli.Api;
using Trainer.Cli.Output;
using Trainer.Hosting.Steps;
using Trainer.Protos;

namespace Trainer.Cli.Plots;

/// <summary>What jobs came to, as the cluster has it on record.</summary>
internal static class JobCurves
{
    private const uint MostPoints = 2000; // Of a curve: more than a picture has room for.
    private const string TestLoss = "test_loss";
    private const string TestAccuracy = "test_accuracy";

    /// <summary>Numbers of steps, and of evaluations.</summary>
    public static IReadOnlyList<string> Metrics { get; } = [.. StepMetric.All.Select(metric => metric.Name), TestLoss, TestAccuracy];

    /// <param name="positive">Whether what is not above 0 is left out, as where an axis is logarithmic.</param>
    /// <returns>The jobs' names, and a panel for each metric; jobs that have no points of it have no curve there.</returns>
    public static async Task<(IReadOnlyList<string> Jobs, IReadOnlyList<PlotPanel> Panels)> ReadAsync(
        ClusterClient client, IReadOnlyList<string> ids, IReadOnlyList<string> metrics, bool positive, CancellationToken stop)
    {
        var names = new List<string>();
        var curves = metrics.ToDictionary(metric => metric, _ => new List<PlotCurve>(), StringComparer.Ordinal);
        foreach (var id in ids)
        {
            var job = await client.CallAsync((cluster, options) => cluster.Jobs.GetJobAsync(new GetJobRequest { Id = id }, options), stop);
            var steps = await StepsAsync(client, id, [.. metrics.Where(metric => metric is not (TestLoss or TestAccuracy))], stop);
            foreach (var metric in metrics)
            {
                var all = metric is TestLoss or TestAccuracy ? Evaluations(job, metric) : steps.GetValueOrDefault(metric) ?? [];
                List<Point> points = [.. all.Where(point => double.IsFinite(point.Y) && (!positive || point.Y > 0))];
                if (points.Count > 0)
                {
                    curves[metric].Add(new PlotCurve(names.Count, points, HasDots: metric is TestLoss or TestAccuracy));
                }
            }

            names.Add($"{job.Spec.Name} {job.Id}");
        }

        return (names, [.. metrics.Where(metric => curves[metric].Count > 0).Select(metric => new PlotPanel(metric.Replace('_', ' '), FormatOf(metric), curves[metric]))]);
    }

    private static async Task<Dictionary<string, IReadOnlyList<Point>>> StepsAsync(ClusterClient client, string id, IReadOnlyList<string> metrics, CancellationToken stop)
    {
        if (metrics.Count == 0)
        {
            return [];
        }

        var request = new QueryMetricsRequest { Id = id, Metrics = { metrics }, MaxPoints = MostPoints };
        var series = (await client.CallAsync((cluster, options) => cluster.Jobs.QueryMetricsAsync(request, options), stop)).Series;
        return series.ToDictionary(one => one.Metric, IReadOnlyList<Point> (one) => [.. one.Points.Select(point => new Point(point.Step, point.Value))], StringComparer.Ordinal);
    }

    // At the ends of epochs, which have equally many steps, and within them.
    private static IEnumerable<Point> Evaluations(Job job, string metric)
    {
        var (steps, epochs) = (job.Progress?.TotalSteps ?? 0, Math.Max(1, JobText.TotalEpochs(job)));
        foreach (var epoch in job.Epochs)
        {
            foreach (var evaluation in epoch.Evaluations)
            {
                yield return new Point(evaluation.Step, metric == TestLoss ? evaluation.TestLoss : evaluation.TestAccuracy);
            }

            yield return new Point(steps * epoch.Epoch / epochs, metric == TestLoss ? epoch.TestLoss : epoch.TestAccuracy);
        }

        if (job.Progress?.Evaluation is { } last && job.Epochs.All(epoch => !epoch.Evaluations.Contains(last)))
        {
            yield return new Point(last.Step, metric == TestLoss ? last.TestLoss : last.TestAccuracy);
        }
    }

    private static Func<double, string> FormatOf(string metric) => metric switch
    {
        "accuracy" or TestAccuracy => value => $"{(value * 100).ToString("0.###", CultureInfo.InvariantCulture)} %",
        _ => value => value != 0 && Math.Abs(value) is < 1e-4 or >= 1e7 ? value.ToString("0.##e0", CultureInfo.InvariantCulture) : value.ToString("#,0.######", CultureInfo.InvariantCulture),
    };
}
