namespace Trainer.Coordinator.Store;

/// <summary>The statements of <see cref="SqliteJobStore"/>.</summary>
internal static class JobSql
{
    public static string Select { get; } = $"SELECT {Names(JobTable.Columns)} FROM jobs";

    public static string Insert { get; } =
        $"INSERT INTO jobs ({Names(JobTable.Columns)}) VALUES ({string.Join(", ", JobTable.Columns.Select(column => $"@{column.Name}"))}) ON CONFLICT (id) DO NOTHING";

    /// <summary>What never changes is left out; the term decides whether the writer may still write.</summary>
    public static string Update { get; } =
        $"UPDATE jobs SET {string.Join(", ", JobTable.Columns.Where(column => column.Changes).Select(column => $"{column.Name} = @{column.Name}"))} WHERE id = @id AND term = @term";

    public const string CountHistory = """
        SELECT (SELECT COUNT(*) FROM transitions WHERE job = @id), (SELECT COUNT(*) FROM epochs WHERE job = @id)
        """;

    public const string InsertTransition = "INSERT INTO transitions (job, sequence, transition) VALUES (@job, @sequence, @transition)";

    public const string InsertEpoch = "INSERT INTO epochs (job, epoch, summary) VALUES (@job, @epoch, @summary)";

    public const string UpsertSegment = """
        INSERT INTO segments (job, sequence, segment) VALUES (@job, @sequence, @segment)
        ON CONFLICT (job, sequence) DO UPDATE SET segment = excluded.segment WHERE segment <> excluded.segment
        """;

    public const string SelectTransitions = "SELECT job, transition FROM transitions WHERE job IN @ids ORDER BY job, sequence";

    public const string SelectEpochs = "SELECT job, summary FROM epochs WHERE job IN @ids ORDER BY job, epoch";

    public const string SelectSegments = "SELECT job, segment FROM segments WHERE job IN @ids ORDER BY job, sequence";

    public const string AppendLog = """
        INSERT INTO log (job, sequence, time, source, message)
        SELECT @id, COALESCE(MAX(sequence), 0) + 1, @time, @source, @message FROM log WHERE job = @id
        """;

    public const string ReadLog = "SELECT sequence, time, source, message FROM log WHERE job = @id AND sequence > @after ORDER BY sequence LIMIT @limit";

    private static string Names(IEnumerable<JobColumn> columns) => string.Join(", ", columns.Select(column => column.Name));
}
