using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using Trainer.Protos;

namespace Trainer.Coordinator.Mlflow;

/// <summary>Jobs as MLflow's REST API shows runs. 64-bit integers are numbers, as its server writes them.</summary>
internal static class RunJson
{
    /// <summary>The one experiment, whose runs are all jobs.</summary>
    public const string Experiment = "0";

    public const string ExperimentName = "trainer";

    public static JsonObject ExperimentJson(string artifacts) => new()
    {
        ["experiment_id"] = Experiment,
        ["name"] = ExperimentName,
        ["artifact_location"] = artifacts,
        ["lifecycle_stage"] = "active",
    };

    /// <param name="curve">Steps that are kept of it; null: they are not looked at.</param>
    /// <param name="artifacts">Where its files are had.</param>
    public static JsonObject Run(Job job, IReadOnlyList<StepMetrics>? curve, string artifacts)
    {
        var info = new JsonObject
        {
            ["run_id"] = job.Id,
            ["run_uuid"] = job.Id,
            ["run_name"] = job.Spec.Name,
            ["experiment_id"] = Experiment,
            ["user_id"] = job.Creator,
            ["status"] = JobAsRun.Status(job.State),
            ["start_time"] = Milliseconds(job.CreateTime),
            ["artifact_uri"] = artifacts,
            ["lifecycle_stage"] = "active",
        };
        if (job.EndTime is { } end)
        {
            info["end_time"] = Milliseconds(end);
        }

        return new JsonObject
        {
            ["info"] = info,
            ["data"] = new JsonObject
            {
                ["metrics"] = new JsonArray([.. Latest(job, curve ?? []).Select(Metric)]),
                ["params"] = Pairs(JobAsRun.Params(job.Spec)),
                ["tags"] = Pairs([.. JobAsRun.Identity(job.Id, job.CreateTime.ToDateTimeOffset()), .. JobAsRun.Tags(job)]),
            },
            ["inputs"] = new JsonObject(),
        };
    }

    /// <summary>All values that are kept of a metric, in order.</summary>
    public static IEnumerable<MlflowMetric> History(Job job, IReadOnlyList<StepMetrics> curve, string metric) => JobAsRun.EpochMetrics.Contains(metric, StringComparer.Ordinal)
        ? job.Epochs.SelectMany(epoch => JobAsRun.Metrics(epoch, EndOf(epoch.Epoch, job, curve))).Where(value => value.Key == metric)
        : curve.SelectMany(JobAsRun.Metrics).Where(value => value.Key == metric);

    public static JsonObject Metric(MlflowMetric metric) => new() { ["key"] = metric.Key, ["value"] = metric.Value, ["timestamp"] = metric.Timestamp, ["step"] = metric.Step };

    private static IEnumerable<MlflowMetric> Latest(Job job, IReadOnlyList<StepMetrics> curve) =>
        job.Epochs.SelectMany(epoch => JobAsRun.Metrics(epoch, EndOf(epoch.Epoch, job, curve))).Concat(curve.SelectMany(JobAsRun.Metrics))
            .GroupBy(value => value.Key, StringComparer.Ordinal).Select(values => values.Last());

    // The time of the last step of it that is kept.
    private static long EndOf(uint epoch, Job job, IReadOnlyList<StepMetrics> curve) =>
        Milliseconds(curve.LastOrDefault(step => step.Epoch == epoch)?.Time ?? job.EndTime ?? job.StartTime ?? job.CreateTime);

    private static long Milliseconds(Timestamp time) => time.ToDateTimeOffset().ToUnixTimeMilliseconds();

    private static JsonArray Pairs(IEnumerable<(string Key, string Value)> pairs) => new([.. pairs.Select(pair => new JsonObject { ["key"] = pair.Key, ["value"] = pair.Value })]);
}
