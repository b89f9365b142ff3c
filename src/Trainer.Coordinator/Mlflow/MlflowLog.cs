using Microsoft.Extensions.Logging;
using Trainer.Coordinator.Outbox;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Metrics;
using Trainer.Protos;

namespace Trainer.Coordinator.Mlflow;

/// <summary>
/// Logs each job as a run of an MLflow tracking server: job file, labels, state and metrics. Changes of its state come by the outbox, and with them all that is new; between them, jobs that train are
/// looked at every few seconds. What a run has already is asked of the server, which is all that is remembered.
/// </summary>
/// <remarks>Metrics of steps are those that the store keeps, at most a thousand of each; see <see cref="StepsToLog"/>. Those that reach it late, because it was away when the job ended, are not logged.</remarks>
internal sealed class MlflowLog(MlflowTarget target, IJobStore store, OutboxSettings settings, TimeProvider clock, ILogger logger) : IReceiver
{
    private static readonly IReadOnlyList<JobState> Training = [JobState.Running, JobState.Recovering, JobState.Suspending, JobState.Cancelling];

    private readonly MlflowClient _client = new(target, settings.AnswerWithin);
    private readonly SemaphoreSlim _turn = new(1); // No run is made twice.
    private readonly Dictionary<string, Logged> _runs = new(StringComparer.Ordinal);
    private string? _experiment;
    private bool _isAway;

    public string Name => ControlMetrics.MlFlow;

    public async Task<string?> TakeAsync(Announcement change, CancellationToken stop)
    {
        try
        {
            if (await store.FindAsync(change.Job) is { Ended: { } ended })
            {
                await SettleAsync(ended, stop);
            }

            await LogAsync(change.Job, withEnd: true, stop);
            return null;
        }
        catch (MlflowException refused)
        {
            return refused.Message;
        }
    }

    /// <summary>Keeps the runs of jobs that train up to date.</summary>
    public async Task FollowAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(settings.FollowEvery, clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                var refused = await FollowAllAsync(stop);
                Warn(refused);
                _isAway = refused is not null;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (MlflowException away)
            {
                Warn(away);
                _isAway = true;
            }
            catch (StoreException)
            {
                // Whoever needs the store more says that it is away.
            }
            catch (Exception bug) when (bug is not OutOfMemoryException)
            {
                logger.LogError(bug, "Logging runs to MLflow failed by a fault of this program; it goes on.");
            }
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        _turn.Dispose();
    }

    /// <returns>What the server had against one of the runs; the others are up to date. Null: nothing.</returns>
    private async Task<MlflowException?> FollowAllAsync(CancellationToken stop)
    {
        MlflowException? refused = null;
        var query = new JobQuery { States = Training, Limit = settings.FollowAtOnce };
        while (true)
        {
            var rows = await store.ListAsync(query);
            foreach (var row in rows)
            {
                try
                {
                    await LogAsync(row.Id, withEnd: false, stop);
                }
                catch (MlflowException one) when (one.Code.Length > 0)
                {
                    refused = one;
                }
            }

            if (rows.Count < query.Limit)
            {
                return refused;
            }

            query = query with { After = new JobCursor(query.Order.Of(rows[^1]), rows[^1].Id) };
        }
    }

    private void Warn(MlflowException? reason)
    {
        if (!_isAway && reason is not null)
        {
            logger.LogWarning("Runs of jobs that train are not logged to MLflow now: {Reason}.", reason.Message);
        }
    }

    // The last steps come to the store a moment after the job's end.
    private async Task SettleAsync(DateTimeOffset ended, CancellationToken stop)
    {
        var left = ended + settings.SettleWithin - clock.GetUtcNow();
        if (left > TimeSpan.Zero)
        {
            await Task.Delay(left < settings.SettleWithin ? left : settings.SettleWithin, clock, stop);
        }
    }

    /// <param name="withEnd">Whether the end of one that has ended is logged; else the outbox still tells of it.</param>
    private async Task LogAsync(string id, bool withEnd, CancellationToken stop)
    {
        await _turn.WaitAsync(stop);
        try
        {
            // It is read now: who had the turn before may have logged a later state. One that was deleted meanwhile has nothing left to log.
            if (await store.FindAsync(id) is not { } row || row.HasEnded && !withEnd)
            {
                return;
            }

            if (!_runs.TryGetValue(row.Id, out var logged) || logged.Created != row.Created)
            {
                logged = await FindOrCreateAsync(row, stop);
            }

            _runs.Remove(row.Id); // Where something fails, the server is asked anew.
            if (!logged.IsDeleted)
            {
                logged = await LogNewAsync(row, logged, stop);
            }

            if (!row.HasEnded)
            {
                _runs[row.Id] = logged;
            }
        }
        catch (MlflowException)
        {
            _experiment = null;
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<Logged> FindOrCreateAsync(JobRow row, CancellationToken stop)
    {
        _experiment ??= await _client.ExperimentAsync(target.Experiment, stop);
        var (identity, tags) = (JobAsRun.Identity(row.Id, row.Created), JobAsRun.Tags(row.ToJob()));
        var run = await _client.FindAsync(_experiment, identity, stop)
            ?? await _client.CreateAsync(_experiment, row.Spec.Name, row.Creator, row.Created.ToUnixTimeMilliseconds(), [.. identity, .. tags], stop);
        return new Logged(run.Id, row.Created, run.IsDeleted, Version: -1, Last(JobAsRun.Loss), Last(JobAsRun.TrainLoss));

        long Last(string metric) => run.LastSteps.GetValueOrDefault(metric);
    }

    private async Task<Logged> LogNewAsync(JobRow row, Logged logged, CancellationToken stop)
    {
        var steps = StepsToLog.Of(await store.ReadCurveAsync(row.Id), logged.Step, row.HasEnded);
        var epochs = row.Epochs.Where(epoch => epoch.Epoch > logged.Epoch).ToList();
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        List<MlflowMetric> metrics = [.. steps.SelectMany(JobAsRun.Metrics), .. epochs.SelectMany(epoch => JobAsRun.Metrics(epoch, now))];
        var isFirst = logged.Version < 0; // Of this process; all of it may be there.
        if (metrics.Count == 0 && logged.Version == row.Version)
        {
            return logged;
        }

        await _client.LogAsync(logged.Run, metrics, isFirst ? JobAsRun.Params(row.Spec) : [], logged.Version == row.Version ? [] : JobAsRun.Tags(row.ToJob()), stop);
        if (logged.Version != row.Version)
        {
            await _client.UpdateAsync(logged.Run, JobAsRun.Status(row.State), row.Ended?.ToUnixTimeMilliseconds(), stop);
        }

        return logged with
        {
            Version = row.Version,
            Step = steps.Count > 0 ? (long)steps[^1].Step : logged.Step,
            Epoch = epochs.Count > 0 ? epochs[^1].Epoch : logged.Epoch,
        };
    }

    /// <param name="Version">Of the row that was logged; -1: none by this process.</param>
    /// <param name="Step">Up to which steps were logged.</param>
    private sealed record Logged(string Run, DateTimeOffset Created, bool IsDeleted, long Version, long Step, long Epoch);
}
