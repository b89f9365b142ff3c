using Trainer.Protos;

namespace Trainer.Coordinator.Store;

/// <summary>A line of a job's log before the database has numbered it.</summary>
public sealed record JobLogLine(string Job, string Source, string Message, DateTimeOffset Time, LogSeverity Level = LogSeverity.Info)
{
    /// <summary>Who speaks of a job's own transitions and decisions.</summary>
    public const string OfJob = "job";

    /// <summary>Who speaks of the log itself.</summary>
    public const string OfLog = "log";

    public static JobLogLine Of(string job, Transition transition) =>
        new(job, OfJob, $"{transition.State.Name()} ({transition.Reason}): {transition.Message}", transition.Time.ToDateTimeOffset(), LevelOf(transition.State));

    private static LogSeverity LevelOf(JobState state) => state switch
    {
        JobState.Failed => LogSeverity.Error,
        JobState.Recovering => LogSeverity.Warn,
        _ => LogSeverity.Info,
    };

    /// <summary>Whether a line of the log tells of the transition.</summary>
    public static bool Tells(LogEntry entry, Transition transition) => entry.Source == OfJob && entry.Time.Equals(transition.Time);
}
