using Trainer.Coordinator.Store;
using Trainer.Hosting.Metrics;
using Trainer.Protos;

namespace Trainer.Coordinator.Jobs;

/// <summary>What is kept of a job beside its row: its log, its curve and the coordinator's metrics. Nothing here waits for the store.</summary>
internal sealed class JobRecords(string id, JobLog log, JobCurves? curves, ControlMetrics? metrics)
{
    // The job has had workers, or this entity has had the job.
    private DateTimeOffset? _since;

    /// <returns>Whether the action is one of these.</returns>
    public bool Take(JobAction action)
    {
        switch (action)
        {
            case WriteLog line:
                log.Append(new JobLogLine(id, line.Source, line.Message, line.Time, line.Level));
                return true;
            case WriteCurve curve:
                foreach (var point in curve.Points)
                {
                    curves?.Append(new JobCurvePoint(id, point));
                }

                return true;
            case CountFailure count:
                metrics?.Failed(count.Failure);
                return true;
            case CountPreemption count:
                metrics?.Preempted(count.What);
                return true;
            case CountEviction count:
                metrics?.Evicted(count.Kind);
                return true;
            case CountRedone count:
                metrics?.Redone(count.Items);
                return true;
            case MeasurePause measured:
                metrics?.Paused(measured.IsRecovery, measured.Pause.TotalSeconds);
                return true;
            default:
                return false;
        }
    }

    public void Passed(Transition transition, TimeSpan age)
    {
        log.Append(JobLogLine.Of(id, transition));
        metrics?.Transition(ControlMetrics.StateLabel(transition.State), transition.Reason);
        if (transition.State == JobState.Starting)
        {
            metrics?.QueueWait(age.TotalSeconds);
        }
    }

    /// <param name="interval">Between its checkpoints; zero: it keeps none.</param>
    public void MeasureCheckpoint(JobRow row, TimeSpan interval, DateTimeOffset now)
    {
        if (row is not { HasEnded: false, Assignment: not null })
        {
            Forget();
            return;
        }

        _since ??= now;
        var newest = row.Checkpoints.LastOrDefault() is { } checkpoint ? DateTimeOffset.FromUnixTimeMilliseconds(checkpoint.UnixMs) : (DateTimeOffset?)null;
        if (newest is { } time)
        {
            metrics?.Checkpointed(id, time, row.Checkpoints[^1].Bytes);
        }

        metrics?.CheckpointDue(id, interval > TimeSpan.Zero ? (newest > _since ? newest : _since) + interval : null);
    }

    public void Forget()
    {
        _since = null;
        metrics?.Forget(id);
    }
}
