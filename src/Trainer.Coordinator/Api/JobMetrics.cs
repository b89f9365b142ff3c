using System.Runtime.CompilerServices;
using Grpc.Core;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Steps;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>
/// What the steps of a job came to, from the record beside its files: whole, or as curves of bounded size. Read on threads that may wait. Where there is no record any more, curves are of the steps
/// that the store keeps.
/// </summary>
public sealed class JobMetrics(IJobStore store, CheckThreads threads, JobArtifacts artifacts, StepSummaries summaries)
{
    private const uint UsualPoints = 1000;
    private const uint MostPoints = 10_000;
    private const int Batch = 2000;

    // Who writes the record gathers for a while too.
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    /// <exception cref="Grpc.Core.RpcException">NOT_FOUND, INVALID_ARGUMENT; UNAVAILABLE: the store.</exception>
    public async Task<QueryMetricsResponse> QueryAsync(QueryMetricsRequest request, CancellationToken stop)
    {
        Check(request);
        // State before record: of a job that has ended all is there.
        var job = await store.FindAsync(request.Id) ?? throw ApiErrors.NotFound(request.Id);
        return await RecordedAsync(request, job.HasEnded, stop) ?? Query(await store.ReadCurveAsync(request.Id), request);
    }

    /// <param name="waits">Called before it waits for more.</param>
    /// <exception cref="Grpc.Core.RpcException">NOT_FOUND; UNAVAILABLE: the store.</exception>
    public async IAsyncEnumerable<StepMetrics> StreamAsync(StreamMetricsRequest request, [EnumeratorCancellation] CancellationToken stop, Func<Task>? waits = null)
    {
        var (follower, said) = (new StepFollower(request.AfterStep), TimeProvider.System.GetTimestamp());
        while (true)
        {
            // State before record: of a job that has ended all is there.
            var job = await store.FindAsync(request.Id) ?? throw ApiErrors.NotFound(request.Id);
            var steps = await threads.RunAsync(() => artifacts.Steps(request.Id, record => follower.Next(record, Batch)), stop);
            foreach (var step in steps)
            {
                said = TimeProvider.System.GetTimestamp();
                yield return step.ToMessage();
            }

            if (steps.Count == 0 && (!request.Follow || job.HasEnded))
            {
                yield break;
            }

            if (request.Heartbeats && TimeProvider.System.GetElapsedTime(said) >= Heartbeat)
            {
                said = TimeProvider.System.GetTimestamp();
                yield return new StepMetrics { Step = follower.After };
            }

            if (steps.Count < Batch && request.Follow && !job.HasEnded)
            {
                await (waits?.Invoke() ?? Task.CompletedTask);
                await Task.Delay(LookAgain, stop);
            }
        }
    }

    private static void Check(QueryMetricsRequest request)
    {
        if (request.MaxPoints is 1 or > MostPoints)
        {
            throw ApiErrors.InvalidField("max_points", $"must be 2 to {MostPoints}, or 0 for {UsualPoints}, got {request.MaxPoints}");
        }

        if (request.Metrics.FirstOrDefault(name => StepMetric.All.All(metric => metric.Name != name)) is { } unknown)
        {
            throw ApiErrors.InvalidField("metrics", $"must be of {string.Join(", ", StepMetric.All.Select(metric => metric.Name))}, got '{unknown}'");
        }

        if (request.LastStep > 0 && request.FirstStep > request.LastStep)
        {
            throw ApiErrors.InvalidField("first_step", $"must not be behind last_step, got {request.FirstStep} and {request.LastStep}");
        }
    }

    // Null: nothing is on record, or the record cannot be read.
    private async Task<QueryMetricsResponse?> RecordedAsync(QueryMetricsRequest request, bool hasEnded, CancellationToken stop)
    {
        try
        {
            return await threads.RunAsync(
                () => artifacts.Steps(request.Id, record => StepFiles.LastStep(record) is var last and > 0
                    ? Query(request, last, (query, take) => new StepCurves(record, query with { HasEnded = hasEnded }, take, file => summaries.Want(record, file)).Read())
                    : null),
                stop);
        }
        catch (RpcException unreadable) when (unreadable.StatusCode == StatusCode.Unavailable)
        {
            return null;
        }
    }

    private static QueryMetricsResponse Query(IReadOnlyList<StepMetrics> kept, QueryMetricsRequest request) =>
        Query(request, kept.Select(step => step.Step).DefaultIfEmpty().Max(), (query, take) =>
        {
            foreach (var step in kept.Select(StepRecord.Of).Where(step => step.Step >= query.First && step.Step <= query.Last))
            {
                for (var i = 0; i < query.Metrics.Count; i++)
                {
                    if (query.Metrics[i].Of(step) is { } value)
                    {
                        take(i, step.Step, value);
                    }
                }
            }
        });

    /// <param name="read">Passes on what is asked for, as <see cref="StepCurves"/> does.</param>
    private static QueryMetricsResponse Query(QueryMetricsRequest request, ulong lastThere, Action<CurveQuery, Action<int, ulong, double>> read)
    {
        var (first, last) = (Math.Max(request.FirstStep, 1), request.LastStep > 0 ? request.LastStep : lastThere);
        var response = new QueryMetricsResponse();
        if (last < first)
        {
            return response;
        }

        var grid = new CurveGrid(first, last, request.MaxPoints > 0 ? request.MaxPoints : UsualPoints);
        var metrics = StepMetric.All.Where(metric => request.Metrics.Count == 0 || request.Metrics.Contains(metric.Name)).ToList();
        var curves = metrics.ConvertAll(metric => new CurveThinner(metric.Name, grid));
        read(new CurveQuery(metrics, first, last, grid.Run, HasEnded: false), (metric, step, value) => curves[metric].Add(step, value));
        response.Series.AddRange(curves.Select(curve => curve.End()).Where(series => series.Points.Count > 0));
        return response;
    }
}
