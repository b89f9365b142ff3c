using System.Data.Common;
using Dapper;

namespace Trainer.Coordinator.Store;

/// <summary>Tables log and log_numbers: lines of jobs that are there, numbered by the database, the newest ones.</summary>
/// <remarks>Whoever writes lines of a job holds its row of log_numbers until they are there: numbers have no gaps, and a reader that saw one has seen all before it.</remarks>
internal static class LogTable
{
    /// <summary>Of each job; older lines go.</summary>
    public const int Kept = 10_000;

    private const string Number = """
        INSERT INTO log_numbers (job, last) SELECT id, @count FROM jobs WHERE id = @job
        ON CONFLICT (job) DO UPDATE SET last = log_numbers.last + excluded.last RETURNING last
        """;

    /// <summary>Of one statement: databases bound the number of its parameters.</summary>
    private const int MostAtOnce = 500;

    private const string Prune = "DELETE FROM log WHERE job = @job AND sequence <= @upTo";

    public const string Read = "SELECT sequence, time, source, message, level FROM log WHERE job = @id AND sequence > @after ORDER BY sequence LIMIT @limit";

    /// <summary>The oldest line that is kept; null: none.</summary>
    public const string First = "SELECT MIN(sequence) FROM log WHERE job = @id";

    public static async Task AppendAsync(DbConnection connection, DbTransaction transaction, IReadOnlyList<JobLogLine> lines)
    {
        // In one order everywhere: writers that wait for each other's jobs never wait in a circle.
        foreach (var job in lines.GroupBy(line => line.Job).OrderBy(job => job.Key, StringComparer.Ordinal))
        {
            if (await connection.ExecuteScalarAsync<long?>(Number, new { job = job.Key, count = (long)job.Count() }, transaction) is { } last)
            {
                foreach (var some in job.Select((line, i) => (Sequence: last - job.Count() + 1 + i, Line: line)).Chunk(MostAtOnce))
                {
                    await connection.ExecuteAsync(Insert(some.Length), Values(job.Key, some), transaction);
                }

                await connection.ExecuteAsync(Prune, new { job = job.Key, upTo = last - Kept }, transaction);
            }
        }
    }

    private static string Insert(int lines) =>
        $"INSERT INTO log (job, sequence, time, source, message, level) VALUES {string.Join(", ", Enumerable.Range(0, lines).Select(i => $"(@job, @sequence{i}, @time{i}, @source{i}, @message{i}, @level{i})"))}";

    private static DynamicParameters Values(string job, IEnumerable<(long Sequence, JobLogLine Line)> lines)
    {
        var values = new DynamicParameters(new { job });
        foreach (var (i, (sequence, line)) in lines.Index())
        {
            values.Add($"sequence{i}", sequence);
            values.Add($"time{i}", line.Time.ToUnixTimeMilliseconds());
            values.Add($"source{i}", StoredText.Of(line.Source));
            values.Add($"message{i}", StoredText.Of(line.Message));
            values.Add($"level{i}", (long)line.Level);
        }

        return values;
    }
}
