namespace Trainer.Hosting.Logging;

/// <summary>An event of the log that says which job it is about. Templates say it with <c>{Job}</c>.</summary>
/// <param name="Job">Null: none.</param>
internal sealed record JobLine(string Message, string? Job)
{
    public const string Key = "Job";

    /// <summary>Of an event as loggers hand it on; null: it is about no job.</summary>
    public static string? JobOf(object? state)
    {
        switch (state)
        {
            case JobLine line:
                return line.Job;
            case AuditEvent audit:
                return audit.Job;
            case IReadOnlyList<KeyValuePair<string, object?>> values:
                foreach (var (key, value) in values)
                {
                    if (key == Key)
                    {
                        return $"{value}";
                    }
                }

                return null;
            default:
                return null;
        }
    }
}
