namespace Trainer.Coordinator.Store;

/// <summary>The statements of <see cref="SqlJobStore"/>: one text for all dialects, but for sets of values.</summary>
internal sealed class JobSql(Dialect dialect)
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
        ON CONFLICT (job, sequence) DO UPDATE SET segment = excluded.segment WHERE segments.segment <> excluded.segment
        """;

    public string SelectTransitions { get; } = $"SELECT job, transition FROM transitions WHERE {dialect.AnyOf("job", "ids")} ORDER BY job, sequence";

    public string SelectEpochs { get; } = $"SELECT job, summary FROM epochs WHERE {dialect.AnyOf("job", "ids")} ORDER BY job, epoch";

    public string SelectSegments { get; } = $"SELECT job, segment FROM segments WHERE {dialect.AnyOf("job", "ids")} ORDER BY job, sequence";

    public string Delete { get; } = $"DELETE FROM jobs WHERE id = @id AND {dialect.AnyOf("state", "ended")}";

    public string ActiveIds { get; } = $"SELECT id FROM jobs WHERE NOT ({dialect.AnyOf("state", "ended")}) ORDER BY created, id";


    private static string Names(IEnumerable<JobColumn> columns) => string.Join(", ", columns.Select(column => column.Name));
}
