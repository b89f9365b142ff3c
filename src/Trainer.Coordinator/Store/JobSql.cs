using Trainer.Kernels.Canonical;

namespace Trainer.Coordinator.Store;

/// <summary>The statements of <see cref="SqliteJobStore"/>.</summary>
internal static class JobSql
{
    public const string Select = """
        SELECT id, request_id AS RequestId, spec, state, message, term, generation_term AS GenerationTerm, generation_number AS GenerationNumber,
               assignment, numerics, created, started, ended, version, progress, result
        FROM jobs
        """;

    public const string Insert = """
        INSERT INTO jobs (id, request_id, spec, state, message, term, generation_term, generation_number, assignment, numerics,
                          created, started, ended, version, progress, result)
        VALUES (@Id, @RequestId, @Spec, @State, @Message, @Term, @GenerationTerm, @GenerationNumber, @Assignment, @Numerics,
                @Created, @Started, @Ended, @Version, @Progress, @Result)
        ON CONFLICT (id) DO NOTHING
        """;

    /// <summary>What never changes (id, request, spec, creation) is left out; the term decides whether the writer may still write.</summary>
    public const string Update = """
        UPDATE jobs
        SET state = @State, message = @Message, generation_term = @GenerationTerm, generation_number = @GenerationNumber, assignment = @Assignment,
            numerics = @Numerics, started = @Started, ended = @Ended, version = @Version, progress = @Progress, result = @Result
        WHERE id = @Id AND term = @Term
        """;

    public const string CountHistory = """
        SELECT (SELECT COUNT(*) FROM transitions WHERE job = @Id), (SELECT COUNT(*) FROM epochs WHERE job = @Id)
        """;

    public const string InsertTransition = "INSERT INTO transitions (job, sequence, transition) VALUES (@job, @sequence, @transition)";

    public const string InsertEpoch = "INSERT INTO epochs (job, epoch, summary) VALUES (@job, @epoch, @summary)";

    public const string SelectTransitions = "SELECT job, transition FROM transitions WHERE job IN @ids ORDER BY job, sequence";

    public const string SelectEpochs = "SELECT job, summary FROM epochs WHERE job IN @ids ORDER BY job, epoch";

    public const string AppendLog = """
        INSERT INTO log (job, sequence, time, source, message)
        SELECT @id, COALESCE(MAX(sequence), 0) + 1, @time, @source, @message FROM log WHERE job = @id
        """;

    public const string ReadLog = "SELECT sequence, time, source, message FROM log WHERE job = @id AND sequence > @after ORDER BY sequence LIMIT @limit";

    public static string Page(bool byState, bool after)
    {
        string[] conditions = [.. byState ? ["state IN @states"] : Array.Empty<string>(), .. after ? ["(created, id) < (@created, @id)"] : Array.Empty<string>()];
        var where = conditions.Length > 0 ? "WHERE " + string.Join(" AND ", conditions) : "";
        return $"{Select} {where} ORDER BY created DESC, id DESC LIMIT @limit";
    }
}
