namespace Trainer.Hosting.Logging;

/// <summary>An event of the log that says which job it is about. Templates say it with <c>{Job}</c>.</summary>
/// <param name="Job">Null: none.</param>
internal sealed record JobLine(string Message, string? Job)
{
    public const string Key = "Job";

    /// <summary>Of an event as loggers hand it on; null: it is about no job.</summary>
    public static string? JobOf(object? state)
    {
        if (state is JobLine or AuditEvent)
        {
            return (state as JobLine)?.Job ?? (state as AuditEvent)?.Job;
        }

        foreach (var (key, value) in state as IReadOnlyList<KeyValuePair<string, object?>> ?? [])
        {
            if (key == Key)
            {
                return $"{value}";
            }
        }

        return null;
    }
}
