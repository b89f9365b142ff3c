using Trainer.Protos;

namespace Trainer.Cli.Output;

/// <summary>A job in words: one line per epoch, a closing table, a row in a list.</summary>
internal static class JobText
{
    /// <summary>The state with the job's own words about it, unless those begin with it anyway.</summary>
    public static string State(Job job)
    {
        var (state, message) = (Words.State(job.State), LowerFirst(job.Message));
        var said = message.Length == 0 ? state : message.StartsWith(state, StringComparison.Ordinal) ? message : $"{state}, {message}";
        return $"{Name(job)} ({job.Id}): {said}{(IsExact(job) ? "" : $" (exact: {Exactness(job)})")}";
    }

    /// <summary>The line of a closed epoch, with the job's steps and time to go at that moment.</summary>
    /// <param name="width">In columns; null: no limit.</param>
    public static string Epoch(Job job, EpochSummary epoch, int? width)
    {
        var total = Math.Max(TotalEpochs(job), 1);
        var steps = job.Progress?.TotalSteps ?? 0;
        var remaining = job.Epochs.Average(closed => closed.Seconds) * (total - epoch.Epoch);
        return Figures.Fit(
            width,
            (0, $"epoch {Of(epoch.Epoch, total)}"),
            (6, $"step {Of(steps * epoch.Epoch / total, steps)}"),
            (0, $"loss {Words.Loss(epoch.Loss)}"),
            (2, $"train {Words.Percent(epoch.TrainAccuracy),6}"),
            (1, $"test {Words.Percent(epoch.TestAccuracy),6}"),
            (4, $"{Words.Rate(epoch.ImagesPerSecond),7} images/s"),
            (3, $"{Words.Duration(epoch.Seconds),6}"),
            (5, epoch.Epoch < total ? $"ETA {Words.Duration(remaining)}" : ""));
    }

    /// <summary>The line of an evaluation within an epoch.</summary>
    /// <param name="width">In columns; null: no limit.</param>
    public static string Evaluation(Job job, uint epoch, StepEvaluation evaluation, int? width) => Figures.Fit(
        width,
        (2, $"epoch {Of(epoch, TotalEpochs(job))}"),
        (0, $"step {Of(evaluation.Step, job.Progress?.TotalSteps ?? 0)}"),
        (1, $"test loss {Words.Loss(evaluation.TestLoss)}"),
        (0, $"test {Words.Percent(evaluation.TestAccuracy),6}"));

    /// <summary>What stands beside a progress bar: steps, and what of the rest has room.</summary>
    /// <param name="width">In columns.</param>
    public static string Status(Progress progress, int width) => Figures.Fit(
        width,
        (0, $"{progress.Step}/{progress.TotalSteps}"),
        (1, $"loss {Words.Loss(progress.Loss)}"),
        (3, $"train {Words.Percent(progress.Accuracy)}"),
        (4, $"{Words.Rate(progress.ImagesPerSecond)} images/s"),
        (2, $"ETA {Words.Duration(progress.EtaSeconds)}"));

    /// <summary>What remains to be read when a job has ended.</summary>
    /// <param name="width">In columns; null: no limit.</param>
    public static string Closing(Job job, IEnumerable<(string Name, string Value)> places, int? width)
    {
        var facts = new List<(string, string)>();
        if (!IsExact(job))
        {
            facts.Add(("exact", Exactness(job)));
        }

        if (job.Result is { } result)
        {
            if (job.Progress is { } progress && progress.Epoch < progress.TotalEpochs)
            {
                facts.Add(("stopped early", $"after epoch {progress.Epoch} of {progress.TotalEpochs}"));
            }

            facts.Add(("loss", Words.Loss(result.Loss)));
            facts.Add(("train accuracy", Words.Percent(result.TrainAccuracy)));
            facts.Add(("test accuracy", $"{Words.Percent(result.TestAccuracy)} (best {Words.Percent(result.BestTestAccuracy)})"));
            facts.Add(("images/s", Words.Rate(result.ImagesPerSecond)));
            facts.Add(("seconds", $"{result.Seconds:0.0}"));
            facts.Add(("weights SHA-256", result.WeightsSha256));
            facts.Add(("model file", result.WeightsPath));
        }
        facts.AddRange(places);
        var ending = job.State == JobState.Succeeded ? "succeeded" : $"{(job.State == JobState.Failed ? "failed" : "was cancelled")}{Because(job)}";
        var heading = Paragraph.Wrap($"Job {Name(job)} ({job.Id}) {ending}", width);
        return $"{Environment.NewLine}{heading}{Environment.NewLine}{Facts.Render(facts, width)}";
    }

    /// <summary>Everything that `trainer get` shows.</summary>
    /// <param name="width">In columns; null: no limit.</param>
    public static string Details(Job job, DateTimeOffset now, int? width)
    {
        var facts = new List<(string, string)>
        {
            ("id", job.Id),
            ("name", Name(job)),
            ("state", $"{Words.State(job.State)}{Because(job)}"),
            ("exact", Exactness(job)),
            ("created", Moment(job.CreateTime, now)),
        };
        if (job.Creator.Length > 0)
        {
            facts.Add(("creator", job.Creator));
        }

        if (job.Labels.Count > 0)
        {
            facts.Add(("labels", string.Join(", ", job.Labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}"))));
        }

        if (job.Notes.Length > 0)
        {
            facts.Add(("notes", job.Notes));
        }

        if (job.EndTime is not null)
        {
            facts.Add(("ended", Moment(job.EndTime, now)));
        }

        if (job.Workers.Count > 0)
        {
            facts.Add(("workers", string.Join(", ", job.Workers)));
        }

        if (job.Progress is { } progress)
        {
            facts.Add(("progress", $"epoch {progress.Epoch}/{progress.TotalEpochs}, step {progress.Step}/{progress.TotalSteps}"));
            if (progress.Evaluation is { } evaluation)
            {
                facts.Add(("last evaluation", $"step {evaluation.Step}, test loss {Words.Loss(evaluation.TestLoss)}, test {Words.Percent(evaluation.TestAccuracy)}"));
            }
        }

        if (job.Epochs.LastOrDefault() is { } epoch)
        {
            facts.Add(("last epoch", $"loss {Words.Loss(epoch.Loss)}, train {Words.Percent(epoch.TrainAccuracy)}, test {Words.Percent(epoch.TestAccuracy)}"));
        }

        if (job.Result is { } result)
        {
            facts.Add(("best test", Words.Percent(result.BestTestAccuracy)));
            facts.Add(("seconds", $"{result.Seconds:0.0}"));
            facts.Add(("model file", result.WeightsPath));
            facts.Add(("SHA-256", result.WeightsSha256));
        }
        if (job.Numerics.Length > 0)
        {
            facts.Add(("numerics", job.Numerics));
        }

        return Facts.Render(facts, width);
    }

    /// <param name="width">In columns; null: no limit.</param>
    public static string List(IEnumerable<Job> jobs, DateTimeOffset now, int? width)
    {
        var table = new TextTable("ID", new("NAME", Wraps: true), "STATE", new("EPOCH", Rank: 2), new("LOSS", Rank: 4), new("TEST", Rank: 1), new("AGE", Rank: 3));
        foreach (var job in jobs)
        {
            var epoch = job.Epochs.LastOrDefault();
            table.Row(
                job.Id,
                $"{Name(job)}{(IsExact(job) ? "" : " (exact: false)")}",
                Words.State(job.State),
                $"{epoch?.Epoch ?? 0}/{TotalEpochs(job)}",
                epoch is null ? "-" : Words.Loss(epoch.Loss),
                epoch is null ? "-" : Words.Percent(epoch.TestAccuracy),
                Words.Duration((now - job.CreateTime.ToDateTimeOffset()).TotalSeconds));
        }
        return table.Render(width);
    }

    public static bool IsExact(Job job) => job.Spec?.Training?.IsExact != false;

    public static uint TotalEpochs(Job job) => job.Progress?.TotalEpochs is > 0 and var total ? total : job.Spec?.Training?.Epochs ?? 0;

    /// <summary>Whether the job is computed in exact float32, and if not, what gives bits up.</summary>
    private static string Exactness(Job job) =>
        IsExact(job) ? "true" : $"false, compute: {job.Spec.Training.Compute}, gradients: {job.Spec.Training.Gradients}";

    private static string Name(Job job) => job.Verification is { } verified ? $"{job.Spec?.Name}, verifying {verified.Job}" : job.Spec?.Name ?? "";

    private static string Of(ulong part, ulong total) => $"{part.ToString().PadLeft(total.ToString().Length)}/{total}";

    private static string Because(Job job) => job.Message.Length > 0 ? $": {job.Message}" : "";

    private static string Moment(Google.Protobuf.WellKnownTypes.Timestamp? time, DateTimeOffset now) =>
        time is null ? "-" : $"{time.ToDateTimeOffset():yyyy-MM-dd HH:mm:ss} UTC ({Words.Duration((now - time.ToDateTimeOffset()).TotalSeconds)} ago)";

    private static string LowerFirst(string text) => text.Length < 2 || char.IsUpper(text[1]) ? text : char.ToLowerInvariant(text[0]) + text[1..];
}
