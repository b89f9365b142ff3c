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
        return $"{job.Spec?.Name} ({job.Id}): {said}{(IsExact(job) ? "" : $" (exact: {Exactness(job)})")}";
    }

    /// <summary>The line of a closed epoch, with the job's steps and time to go at that moment.</summary>
    public static string Epoch(Job job, EpochSummary epoch)
    {
        var total = Math.Max(TotalEpochs(job), 1);
        var steps = job.Progress?.TotalSteps ?? 0;
        var line = Join(Number(epoch, total), $"step {Of(steps * epoch.Epoch / total, steps)}", Figures(epoch));
        var remaining = job.Epochs.Average(closed => closed.Seconds) * (total - epoch.Epoch);
        return epoch.Epoch < total ? Join(line, $"ETA {Words.Duration(remaining)}") : line;
    }

    /// <summary>As <see cref="Epoch"/>, where a progress bar shows the rest: fits into 80 columns.</summary>
    public static string EpochBesideBar(Job job, EpochSummary epoch) => Join(Number(epoch, TotalEpochs(job)), Figures(epoch));

    /// <summary>What remains to be read when a job has ended.</summary>
    public static string Closing(Job job, IEnumerable<(string Name, string Value)> places)
    {
        var facts = new List<(string, string)>();
        if (!IsExact(job))
            facts.Add(("exact", Exactness(job)));
        if (job.Result is { } result)
        {
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
        return $"{Environment.NewLine}Job {job.Spec?.Name} ({job.Id}) {ending}{Environment.NewLine}{Facts.Render(facts)}";
    }

    /// <summary>Everything that `trainer get` shows.</summary>
    public static string Details(Job job, DateTimeOffset now)
    {
        var facts = new List<(string, string)>
        {
            ("id", job.Id),
            ("name", job.Spec?.Name ?? ""),
            ("state", $"{Words.State(job.State)}{Because(job)}"),
            ("exact", Exactness(job)),
            ("created", Moment(job.CreateTime, now)),
        };
        if (job.EndTime is not null)
            facts.Add(("ended", Moment(job.EndTime, now)));
        if (job.Workers.Count > 0)
            facts.Add(("workers", string.Join(", ", job.Workers)));
        if (job.Progress is { } progress)
            facts.Add(("progress", $"epoch {progress.Epoch}/{progress.TotalEpochs}, step {progress.Step}/{progress.TotalSteps}"));
        if (job.Epochs.LastOrDefault() is { } epoch)
            facts.Add(("last epoch", $"loss {Words.Loss(epoch.Loss)}, train {Words.Percent(epoch.TrainAccuracy)}, test {Words.Percent(epoch.TestAccuracy)}"));
        if (job.Result is { } result)
        {
            facts.Add(("best test", Words.Percent(result.BestTestAccuracy)));
            facts.Add(("seconds", $"{result.Seconds:0.0}"));
            facts.Add(("model file", result.WeightsPath));
            facts.Add(("SHA-256", result.WeightsSha256));
        }
        if (job.Numerics.Length > 0)
            facts.Add(("numerics", job.Numerics));
        return Facts.Render(facts);
    }

    public static string List(IEnumerable<Job> jobs, DateTimeOffset now)
    {
        var table = new TextTable("ID", "NAME", "STATE", "EPOCH", "LOSS", "TEST", "AGE");
        foreach (var job in jobs)
        {
            var epoch = job.Epochs.LastOrDefault();
            table.Row(
                job.Id,
                $"{job.Spec?.Name}{(IsExact(job) ? "" : " (exact: false)")}",
                Words.State(job.State),
                $"{epoch?.Epoch ?? 0}/{TotalEpochs(job)}",
                epoch is null ? "-" : Words.Loss(epoch.Loss),
                epoch is null ? "-" : Words.Percent(epoch.TestAccuracy),
                Words.Duration((now - job.CreateTime.ToDateTimeOffset()).TotalSeconds));
        }
        return table.ToString();
    }

    public static bool IsExact(Job job) => job.Spec?.Training?.IsExact != false;

    public static uint TotalEpochs(Job job) => job.Progress?.TotalEpochs is > 0 and var total ? total : job.Spec?.Training?.Epochs ?? 0;

    /// <summary>Whether the job is computed in exact float32, and if not, what gives bits up.</summary>
    private static string Exactness(Job job) =>
        IsExact(job) ? "true" : $"false, compute: {job.Spec.Training.Compute}, gradients: {job.Spec.Training.Gradients}";

    private static string Number(EpochSummary epoch, ulong total) => $"epoch {Of(epoch.Epoch, total)}";

    private static string Figures(EpochSummary epoch) => Join(
        $"loss {Words.Loss(epoch.Loss)}",
        $"accuracy {Words.Percent(epoch.TrainAccuracy),6}",
        $"test {Words.Percent(epoch.TestAccuracy),6}",
        $"{Words.Rate(epoch.ImagesPerSecond),7} images/s",
        $"{Words.Duration(epoch.Seconds),6}");

    private static string Of(ulong part, ulong total) => $"{part.ToString().PadLeft(total.ToString().Length)}/{total}";

    private static string Join(params string[] parts) => string.Join("  ", parts);

    private static string Because(Job job) => job.Message.Length > 0 ? $": {job.Message}" : "";

    private static string Moment(Google.Protobuf.WellKnownTypes.Timestamp? time, DateTimeOffset now) =>
        time is null ? "-" : $"{time.ToDateTimeOffset():yyyy-MM-dd HH:mm:ss} UTC ({Words.Duration((now - time.ToDateTimeOffset()).TotalSeconds)} ago)";

    private static string LowerFirst(string text) => text.Length < 2 || char.IsUpper(text[1]) ? text : char.ToLowerInvariant(text[0]) + text[1..];
}
