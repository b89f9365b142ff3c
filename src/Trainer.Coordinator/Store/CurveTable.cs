using System.Data.Common;
using Dapper;
using Trainer.Protos;

namespace Trainer.Coordinator.Store;

/// <summary>Table curves: of each stretch of a job's steps the one with the lowest loss and the one with the highest, so that its curve outlives its workers and its files.</summary>
internal static class CurveTable
{
    private const string Upsert = """
        INSERT INTO curves (job, stretch, high, step, metrics) SELECT id, @stretch, @high, @step, @metrics FROM jobs WHERE id = @job
        ON CONFLICT (job, stretch, high) DO UPDATE SET step = excluded.step, metrics = excluded.metrics
        """;

    public const string Read = "SELECT metrics FROM curves WHERE job = @id ORDER BY stretch, step, high";

    public static async Task AppendAsync(DbConnection connection, DbTransaction transaction, IReadOnlyList<JobCurvePoint> points)
    {
        // In one order everywhere: writers that wait for each other's rows never wait in a circle.
        foreach (var (job, point) in points.OrderBy(point => point.Job, StringComparer.Ordinal).ThenBy(point => point.Point.Stretch))
        {
            var values = new { job, stretch = (long)point.Stretch, high = point.High ? 1L : 0L, step = (long)point.Step.Step, metrics = JobTable.Json(point.Step) };
            await connection.ExecuteAsync(Upsert, values, transaction);
        }
    }

    /// <summary>A step that is both the lowest and the highest of its stretch is told once.</summary>
    public static IReadOnlyList<StepMetrics> Steps(IEnumerable<string> rows) => [.. rows.Select(ProtoJson.Read<StepMetrics>).DistinctBy(step => step.Step)];
}
