using Grpc.Core;
using Trainer.Coordinator.Store;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>What users ask for.</summary>
public sealed partial record JobMachine
{
    private JobMachine Answer(JobRequest request)
    {
        var next = Refusal(request) is var (status, reason, message)
            ? RefuseWith(status, message, reason)
            : request switch
            {
                CancelRequested => Cancel(),
                SuspendRequested => Suspend(),
                ResumeRequested => Resume(),
                ScaleRequested scale => Scale(scale),
                _ => throw new ArgumentOutOfRangeException(nameof(request), request, "Unknown request."),
            };
        return next.Outbox.Exists(action => action is Refuse) ? next : next.Say(new AnswerWithJob());
    }

    private (StatusCode Status, string Reason, string Message)? Refusal(JobRequest request) => request switch
    {
        _ when Row.HasEnded => (StatusCode.FailedPrecondition, "JOB_HAS_ENDED", $"Job {Row.Id} has ended: {Row.State.Name()}."),
        _ when request.Etag.Length > 0 && request.Etag != $"{Row.Version}" =>
            (StatusCode.Aborted, "ETAG_MISMATCH", $"Job {Row.Id} has changed: its etag is {Row.Version}, the request says {request.Etag}."),
        ResumeRequested when Row.Desired != Desired.Suspend =>
            (StatusCode.FailedPrecondition, "JOB_NOT_SUSPENDED", $"Job {Row.Id} is not suspended: {Row.State.Name()}."),
        ScaleRequested scale when (scale.MinWorkers ?? Row.MinWorkers, scale.MaxWorkers ?? Row.MaxWorkers) is var (min, max) && (min < 1 || min > max) =>
            (StatusCode.InvalidArgument, "INVALID_REQUEST", $"Job {Row.Id} cannot have {min} to {max} workers: the least must be 1 or more, and not above the most."),
        _ => null,
    };

    private JobMachine RefuseWith(StatusCode status, string message, string reason = "") =>
        Say(new Refuse(new JobRefused { Job = Row.Id, Status = (int)status, Message = message, Reason = reason }));

    private JobMachine Cancel()
    {
        var next = this with { Row = Row with { Desired = Desired.Cancel } };
        return Row.State == JobState.Queued && Row.Started is null
            ? next.End(JobState.Cancelled, "Cancelled", "Cancelled by the user before it started.")
            : next.Move(JobState.Cancelling, "CancelRequested", "The user cancelled it.").FinishCancelling();
    }

    private JobMachine FinishCancelling() => End(JobState.Cancelled, "Cancelled", $"Cancelled by the user at step {StepNow}.");

    // Where no generation is at work it is suspended at once; else once a checkpoint is written (see Hold): its members may have committed what nobody here has heard of.
    private JobMachine Suspend()
    {
        if (Row.Desired == Desired.Suspend)
        {
            return this;
        }

        var next = Store(Row with { Desired = Desired.Suspend });
        return Phase switch
        {
            Waiting or Starting => next.Suspended(),
            _ => next.Move(JobState.Suspending, "SuspendRequested", "The user suspends it: a checkpoint is written."),
        };
    }

    private JobMachine Suspended() => GiveUpWorkers("The job is suspended.").Move(JobState.Suspended, "Suspended", $"Suspended by the user {At(Row.Committed)}.");

    private JobMachine Resume()
    {
        var next = Store(Row with { Desired = Desired.Run });
        return Row.State == JobState.Suspended
            ? next.Move(JobState.Queued, "Resumed", "Resumed by the user. Waiting for workers.")
            : next.Move(Row.Started is null ? JobState.Starting : JobState.Running, "Resumed", "Resumed by the user before it was suspended.");
    }

    private JobMachine Scale(ScaleRequested scale)
    {
        var row = Row with { MinWorkersSince = scale.MinWorkers ?? Row.MinWorkersSince, MaxWorkersSince = scale.MaxWorkers ?? Row.MaxWorkersSince };
        return row == Row ? this : Store(row).Log($"The user wants {row.MinWorkers} to {row.MaxWorkers} workers for it.");
    }

    private string At(StateId state) => state.Item == 0 ? "before its first step" : $"at step {StepOf(state)}";
}
