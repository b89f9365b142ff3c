using System.Globalization;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Follow;

/// <summary>What a cluster does, on one screen.</summary>
internal static class TopText
{
    private const int CurveWidth = 16;
    private const int BarWidth = 12;

    /// <summary>A heading, the jobs that have not ended, and the workers.</summary>
    /// <param name="losses">Of each job, as they were seen one after the other.</param>
    /// <param name="width">In columns; null: no limit.</param>
    /// <param name="height">Lines; what has no room is counted. Null: no limit.</param>
    public static string Render(ClusterSnapshot snapshot, IReadOnlyDictionary<string, IReadOnlyList<double>> losses, int? width, int? height)
    {
        // Below the heading and the heads of both tables, with their blank lines; jobs take what workers leave, and half of it at least.
        var room = height is null ? int.MaxValue : Math.Max(2, height.Value - 8);
        var workers = Math.Min(snapshot.Workers.Count, Math.Max(room / 2, room - snapshot.Jobs.Count));
        var jobs = Math.Min(snapshot.Jobs.Count, room - workers);
        var text = string.Join(Environment.NewLine,
            Heading(snapshot, width),
            "",
            snapshot.Jobs.Count == 0 ? "No job trains or waits." : Jobs(snapshot.Jobs.Take(jobs), losses, width),
            More(snapshot.Jobs.Count - jobs, "job"),
            snapshot.Workers.Count == 0 ? "No workers." : Workers(snapshot.Workers.Take(workers), width),
            More(snapshot.Workers.Count - workers, "worker"));
        return text.TrimEnd();
    }

    private static string Heading(ClusterSnapshot snapshot, int? width)
    {
        var states = snapshot.Info.Jobs.Select(count => $"{count.Count} {Words.State(count.State)}");
        var busy = snapshot.Info.Workers - snapshot.Info.IdleWorkers;
        return Figures.Fit(
            width,
            (0, $"{snapshot.Info.Coordinator} {snapshot.Info.Time.ToDateTimeOffset().ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture)}"),
            (1, $"jobs: {(snapshot.Info.Jobs.Count > 0 ? string.Join(", ", states) : "none")}"),
            (0, $"workers: {busy} of {snapshot.Info.Workers} busy"),
            (2, $"{Words.Rate(snapshot.ImagesPerSecond)} images/s"));
    }

    private static string Jobs(IEnumerable<Job> jobs, IReadOnlyDictionary<string, IReadOnlyList<double>> losses, int? width)
    {
        var table = new TextTable("JOB", new("NAME", Rank: 4), "STATE", "PROGRESS", new("ETA", Rank: 1), "LOSS", new("CURVE", Rank: 5), new("TRAIN", Rank: 3), new("IMAGES/S", Rank: 2), new("WORKERS", Rank: 2));
        foreach (var job in jobs)
        {
            var progress = job.Progress;
            table.Row(
                job.Id,
                job.Spec.Name,
                Words.State(job.State),
                progress is { TotalSteps: > 0 } ? $"{Bar(progress)} {progress.Step}/{progress.TotalSteps}" : "",
                job.State == JobState.Running && progress is not null ? Words.Duration(progress.EtaSeconds) : "",
                progress is null ? "" : Words.Loss(progress.Loss),
                Sparkline.Of(losses.GetValueOrDefault(job.Id) ?? [], CurveWidth),
                progress is null ? "" : Words.Percent(progress.Accuracy),
                job.State == JobState.Running && progress is not null ? Words.Rate(progress.ImagesPerSecond) : "",
                job.Workers.Count > 0 ? $"{job.Workers.Count}" : "");
        }

        return table.Render(width);
    }

    private static string Workers(IEnumerable<Worker> workers, int? width)
    {
        var table = new TextTable("WORKER", new("NODE", Rank: 2), "KIND", new("DEVICE", Rank: 1), new("THREADS", Rank: 3), "JOB");
        foreach (var worker in workers)
        {
            table.Row(worker.Name, worker.Node, worker.DeviceKind, WorkerText.Device(worker), $"{worker.Threads}", WorkerText.Serves(worker));
        }

        return table.Render(width);
    }

    private static string Bar(Progress progress)
    {
        var done = (int)(BarWidth * Math.Min(progress.Step, progress.TotalSteps) / progress.TotalSteps);
        return new string('█', done) + new string('░', BarWidth - done);
    }

    private static string More(int count, string noun) => count > 0 ? $"and {Words.Plural(count, $"more {noun}")}{Environment.NewLine}" : "";
}
