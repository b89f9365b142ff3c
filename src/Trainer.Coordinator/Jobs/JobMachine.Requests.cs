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
        var next = Holds(request) ? this
            : Refusal(request) is var (status, reason, message) ? RefuseWith(status, message, reason)
            : request switch
            {
                CancelRequested => Cancel(),
                SuspendRequested => Suspend(),
                ResumeRequested => Resume(),
                ChangeRequested change => Change(change.Change),
                DeleteRequested => Say(new DeleteRow()),
                _ => throw new ArgumentOutOfRangeException(nameof(request), request, "Unknown request."),
            };
        return next.Outbox.Exists(action => action is Refuse or DeleteRow) ? next : next.Say(new AnswerWithJob());
    }

    // Whoever repeats a request because the answer got lost hears the same again.
    private bool Holds(JobRequest request) => request switch
    {
        CancelRequested => Row.State == JobState.Cancelled,
        SuspendRequested => !Row.HasEnded && Row.Desired == Desired.Suspend,
        ResumeRequested => !Row.HasEnded && Row.Desired == Desired.Run,
        _ => false,
    };

    private (StatusCode Status, string Reason, string Message)? Refusal(JobRequest request) => request switch
    {
        DeleteRequested when !Row.HasEnded => (StatusCode.FailedPrecondition, "JOB_NOT_ENDED", $"Job {Row.Id} is {Row.State.Name()}: only what has ended can be deleted. Cancel it first."),
        _ when Row.HasEnded && request is not (ChangeRequested { IsMereWords: true } or DeleteRequested) =>
            (StatusCode.FailedPrecondition, "JOB_HAS_ENDED", $"Job {Row.Id} has ended: {Row.State.Name()}."),
        _ when request.Etag.Length > 0 && request.Etag != $"{Row.Version}" =>
            (StatusCode.Aborted, "ETAG_MISMATCH", $"Job {Row.Id} has changed: its etag is {Row.Version}, the request says {request.Etag}."),
        ChangeRequested change when Changed(change.Change) is var row && (row.MinWorkers < 1 || row.MinWorkers > row.MaxWorkers) =>
            (StatusCode.InvalidArgument, "INVALID_REQUEST", $"Job {Row.Id} cannot have {row.MinWorkers} to {row.MaxWorkers} workers: the least must be 1 or more, and not above the most."),
        ChangeRequested change when Changed(change.Change) is var row && row.Labels.Count > JobLabels.Most =>
            (StatusCode.InvalidArgument, "INVALID_REQUEST", $"Job {Row.Id} cannot have {row.Labels.Count} labels: {JobLabels.Most} at most."),
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

    private JobMachine Change(ChangeJob change)
    {
        var row = Changed(change);
        var next = row == Row ? this : Store(row);
        next = (row.MinWorkers, row.MaxWorkers) == (Row.MinWorkers, Row.MaxWorkers) ? next : next.Log($"The user wants {row.MinWorkers} to {row.MaxWorkers} workers for it.");
        return row.Priority == Row.Priority ? next : next.Log($"The user gives it priority {row.Priority}.");
    }

    private JobRow Changed(ChangeJob change) => Row with
    {
        MinWorkersSince = change.HasMinWorkers ? change.MinWorkers : Row.MinWorkersSince,
        MaxWorkersSince = change.HasMaxWorkers ? change.MaxWorkers : Row.MaxWorkersSince,
        PrioritySince = change.HasPriority ? change.Priority : Row.PrioritySince,
        Notes = change.HasNotes ? change.Notes : Row.Notes,
        Labels = JobLabels.Changed(Row.Labels, change),
    };

    private string At(StateId state) => state.Item == 0 ? "before its first step" : $"at step {StepOf(state)}";
}
