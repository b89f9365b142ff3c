using System.Data.Common;
using Dapper;
using Trainer.Protos;

namespace Trainer.Coordinator.Store;

/// <summary>Table outbox: written with the transition that it tells of, in one transaction; emptied by whoever delivers.</summary>
/// <param name="receivers">Who is to be told; nobody: nothing is written.</param>
internal sealed class OutboxTable(IReadOnlyList<string> receivers)
{
    private const string Insert = "INSERT INTO outbox (receiver, id, job, time, body) VALUES (@receiver, @id, @job, @time, @body)";

    /// <summary>The oldest of each job.</summary>
    public const string Read = """
        SELECT number, id, job, time, body FROM outbox
        WHERE number IN (SELECT MIN(number) FROM outbox WHERE receiver = @receiver GROUP BY job) AND number > @after ORDER BY number LIMIT @limit
        """;

    public const string Remove = "DELETE FROM outbox WHERE number = @number";

    public const string Trim = """
        DELETE FROM outbox WHERE receiver = @receiver AND (time < @before OR number <= COALESCE(
          (SELECT number FROM outbox WHERE receiver = @receiver ORDER BY number DESC LIMIT 1 OFFSET @most), 0))
        """;

    public async Task AppendAsync(DbConnection connection, DbTransaction transaction, JobRow row, Transition passed)
    {
        foreach (var receiver in receivers)
        {
            var values = new
            {
                receiver,
                id = $"msg_{Guid.NewGuid():N}",
                job = row.Id,
                time = passed.Time.ToDateTimeOffset().ToUnixTimeMilliseconds(),
                body = StoredText.Of(Announcement.BodyOf(row, passed)),
            };
            await connection.ExecuteAsync(Insert, values, transaction);
        }
    }
}

/// <summary>A row of the table.</summary>
internal sealed record OutboxColumns(long Number, string Id, string Job, long Time, string Body)
{
    public Announcement ToAnnouncement() => new(Number, Id, Job, DateTimeOffset.FromUnixTimeMilliseconds(Time), Body);
}
