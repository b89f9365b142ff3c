using System.Globalization;
using System.Text.Json.Nodes;
using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Mlflow;

/// <summary>A job in MLflow's words. Lengths are those that its REST API promises for every store behind it.</summary>
internal static class JobAsRun
{
    public const string JobTag = "trainer.job";
    public const string CreatedTag = "trainer.create_time";
    public const string Loss = "loss";
    public const string TrainLoss = "train_loss";

    private const int MostParams = 500;
    private const int LongestKey = 250;
    private const int LongestParam = 250;
    private const int LongestTag = 1000;

    /// <summary>Values of an epoch: MLflow's steps of these metrics are epochs.</summary>
    public static IReadOnlyList<string> EpochMetrics { get; } = [TrainLoss, "train_accuracy", "test_loss", "test_accuracy", "epoch_seconds"];

    public static string Status(JobState state) => state switch
    {
        JobState.Queued or JobState.Starting or JobState.Suspended => "SCHEDULED",
        JobState.Succeeded => "FINISHED",
        JobState.Failed => "FAILED",
        JobState.Cancelled => "KILLED",
        _ => "RUNNING",
    };

    /// <summary>By which its run is found again: an id may be another job's once the job has been deleted.</summary>
    public static IReadOnlyList<(string Key, string Value)> Identity(string id, DateTimeOffset created) =>
        [(JobTag, id), (CreatedTag, created.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture))];

    /// <summary>What may change while it runs.</summary>
    public static IReadOnlyList<(string Key, string Value)> Tags(Job job)
    {
        List<(string Key, string Value)> tags =
        [
            ("mlflow.runName", job.Spec.Name), ("mlflow.user", job.Creator), ("mlflow.source.name", "trainer"), ("mlflow.source.type", "JOB"), ("mlflow.note.content", job.Notes),
            ("trainer.state", job.State.Name()), ("trainer.message", job.Message), ("trainer.numerics", job.Numerics), ("trainer.workers", string.Join(", ", job.Workers)),
            ("trainer.weights_sha256", job.Result?.WeightsSha256 ?? ""),
            .. job.Labels.Where(label => !label.Key.StartsWith("mlflow.", StringComparison.Ordinal) && !label.Key.StartsWith("trainer.", StringComparison.Ordinal)).Select(label => (label.Key, label.Value)),
        ];
        return [.. tags.Where(tag => tag.Value.Length > 0).Select(tag => (tag.Key, Cut(tag.Value, LongestTag)))];
    }

    /// <summary>The job file, flat: training.optimizer.sgd.lr. Of one with very many layers the first 500 values.</summary>
    public static IReadOnlyList<(string Key, string Value)> Params(JobSpec spec) =>
        [.. Flat("", ProtoJson.Compact(spec)).Where(param => param.Key.Length <= LongestKey).Take(MostParams).Select(param => (param.Key, Cut(param.Value, LongestParam)))];

    public static IEnumerable<MlflowMetric> Metrics(StepMetrics step)
    {
        var (number, time) = ((long)step.Step, step.Time?.ToDateTimeOffset().ToUnixTimeMilliseconds() ?? 0);
        List<(string Key, double Value)> values = [(Loss, step.Loss), ("accuracy", step.Accuracy), ("learning_rate", step.LearningRate), ("images_per_second", step.ImagesPerSecond)];
        if (step.HasGradientNorm)
        {
            values.Add(("gradient_norm", step.GradientNorm));
        }

        return values.Where(value => double.IsFinite(value.Value)).Select(value => new MlflowMetric(value.Key, value.Value, time, number));
    }

    /// <param name="time">Milliseconds since 1970.</param>
    public static IEnumerable<MlflowMetric> Metrics(EpochSummary epoch, long time) =>
        EpochMetrics.Zip([epoch.Loss, epoch.TrainAccuracy, epoch.TestLoss, epoch.TestAccuracy, epoch.Seconds])
            .Where(value => double.IsFinite(value.Second)).Select(value => new MlflowMetric(value.First, value.Second, time, epoch.Epoch));

    private static IEnumerable<(string Key, string Value)> Flat(string path, JsonNode? node) => node switch
    {
        JsonObject inner => inner.Count == 0 && path.Length > 0 ? [(path, "{}")] : inner.SelectMany(field => Flat(path.Length == 0 ? Name(field.Key) : $"{path}.{Name(field.Key)}", field.Value)),
        JsonArray list when list.Any(item => item is JsonObject) => list.Index().SelectMany(item => Flat($"{path}.{item.Index}", item.Item)),
        null => [],
        _ => [(path, node is JsonValue value && value.TryGetValue<string>(out var text) ? text : node.ToJsonString())],
    };

    // Letters, digits and _ - . / and blanks are all that keys may have.
    private static string Name(string name) => new([.. name.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '.' or '/' or ' ' ? letter : '_')]);

    private static string Cut(string text, int longest) => text.Length <= longest ? text : text[..(longest - 3)] + "...";
}
