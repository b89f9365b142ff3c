using System.Data.Common;
using Dapper;
using Trainer.Protos;

namespace Trainer.Coordinator.Store;

/// <summary>What a job has behind it, in tables of its own: transitions, closed epochs, generations.</summary>
internal sealed class JobHistory(JobSql sql, OutboxTable outbox)
{
    /// <summary>Adds what the row has and the tables do not.</summary>
    public async Task AppendAsync(DbConnection connection, DbTransaction transaction, JobRow row)
    {
        var known = await connection.QuerySingleAsync<(long Transitions, long Epochs)>(JobSql.CountHistory, new { id = row.Id }, transaction);
        for (var sequence = (int)known.Transitions; sequence < row.Transitions.Count; sequence++)
        {
            var transition = row.Transitions[sequence];
            await connection.ExecuteAsync(JobSql.InsertTransition, new { job = row.Id, sequence, transition = JobTable.Json(transition) }, transaction);
            await outbox.AppendAsync(connection, transaction, row, transition);
        }

        foreach (var summary in row.Epochs.Skip((int)known.Epochs))
        {
            await connection.ExecuteAsync(JobSql.InsertEpoch, new { job = row.Id, epoch = (long)summary.Epoch, summary = JobTable.Json(summary) }, transaction);
        }

        // Its end changes: the last entry, and, where a state was lost, those before it back to the one that made what is left. One without steps says nothing of those before it.
        for (var sequence = row.Journal.Count - 1; sequence >= 0; sequence--)
        {
            var entry = row.Journal[sequence];
            var isChanged = await connection.ExecuteAsync(JobSql.UpsertSegment, new { job = row.Id, sequence, segment = JobTable.Json(entry) }, transaction) > 0;
            if (!isChanged && entry.Items > 0)
            {
                break;
            }
        }
    }

    public async Task<IReadOnlyList<JobRow>> ReadAsync(DbConnection connection, DbTransaction transaction, IReadOnlyList<JobRow> rows)
    {
        var ids = new { ids = rows.Select(row => row.Id).ToArray() };
        var transitions = await LinesAsync(sql.SelectTransitions);
        var epochs = await LinesAsync(sql.SelectEpochs);
        var segments = await LinesAsync(sql.SelectSegments);
        return [.. rows.Select(row => row with
        {
            Transitions = [.. transitions[row.Id].Select(ProtoJson.Read<Transition>)],
            Epochs = [.. epochs[row.Id].Select(ProtoJson.Read<EpochSummary>)],
            Journal = [.. segments[row.Id].Select(ProtoJson.Read<JournalEntry>)],
        })];

        async Task<ILookup<string, string>> LinesAsync(string select) =>
            (await connection.QueryAsync<(string Job, string Json)>(select, ids, transaction)).ToLookup(row => row.Job, row => row.Json);
    }
}
