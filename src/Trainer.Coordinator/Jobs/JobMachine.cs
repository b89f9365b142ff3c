using System.Collections.Immutable;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Trainer.Coordinator.Scheduling;
using Trainer.Coordinator.Store;
using Trainer.Hosting;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>
/// A job's life as a pure function: what is known of it and an event give what it becomes and what is to be done. <see cref="JobEntity"/> does it.
/// </summary>
/// <remarks>
/// <code>
///            grant               all started            all finished, equal hashes
///   QUEUED ----------> STARTING --------------> RUNNING --------------------------> SUCCEEDED
///      |  &lt;----------    |  |                    |  |
///      |      busy       |  |      lost, failed, |  |
///      |                 |  '--------- silent ---|--'-----------------------------> FAILED
///      '-----------------'---------- cancel -----'----> CANCELLING ---------------> CANCELLED
/// </code>
/// An entity that finds its row STARTING or RUNNING asks the members: all answer and it goes on, or the job fails.
/// </remarks>
public sealed partial record JobMachine
{
    private JobMachine(JobRow row, JobSettings settings, DateTimeOffset now) => (Row, Settings, LastTick, LastResend, LastQuery) = (row, settings, now, now, now);

    public JobRow Row { get; private init; }

    /// <summary>The members of the row's generation, by rank.</summary>
    public ImmutableList<JobMember> Members { get; private init; } = [];

    /// <summary>Waits for the members of a row that it found.</summary>
    public bool Adopting { get; private init; }

    private JobSettings Settings { get; init; }

    private DateTimeOffset Deadline { get; init; }

    private DateTimeOffset LastTick { get; init; }

    private DateTimeOffset LastResend { get; init; }

    private DateTimeOffset LastQuery { get; init; }

    private ImmutableList<Blame> Blames { get; init; } = [];

    /// <summary>What orders carry: the entity's term, which may be above that of the generation in which the workers run.</summary>
    private Generation OrderGeneration => new() { Term = Row.Term, Number = Row.Generation.Number };

    /// <summary>A job that nobody has seen before.</summary>
    public static JobRow NewRow(string id, CreateJob create, DateTimeOffset now)
    {
        const string message = WaitingReason.Workers;
        return new JobRow
        {
            Id = id,
            RequestId = create.RequestId,
            RequestHash = create.RequestHash,
            Spec = create.Spec,
            State = JobState.Queued,
            Message = message,
            Term = 1,
            Created = now,
            Version = 1,
            Transitions = [new Transition { Time = now.ToTimestamp(), State = JobState.Queued, Reason = "Submitted", Message = message }],
        };
    }

    /// <param name="row">As stored, with a term that the entity has taken.</param>
    public static JobMachine Of(JobRow row, JobSettings settings, DateTimeOffset now) => new(row, settings, now)
    {
        Members = [.. row.Assignment?.Members.Select((member, rank) => JobMember.Of(member, rank, now)) ?? []],
    };

    public JobDecision Decide(JobEvent e) => e switch
    {
        not CancelRequested when Row.UnknownFields.Length > 0 => LeaveAlone(),
        Entered => Enter(e.Now),
        Granted granted => Start(granted),
        WaitExplained explained => Explain(explained),
        Reported reported => Hear(reported),
        Missed missed => Miss(missed),
        ConnectionChanged changed => Connection(changed),
        CancelRequested cancel => Cancel(cancel),
        Ticked => Tick(e.Now),
        _ => throw new ArgumentOutOfRangeException(nameof(e), e, "Unknown event."),
    };

    // A later release wrote the spec. What this one does not understand, it must not leave out.
    private JobDecision LeaveAlone()
    {
        var message = $"This job asks for what release {TrainerVersion.Current} does not know: {string.Join(", ", Row.UnknownFields)}. A coordinator of the release that made it runs it.";
        if (Row.HasEnded || Row.Message == message)
        {
            return Nothing;
        }

        var row = Row with { Message = message };
        return new JobDecision(this with { Row = row }, [new Save(row), new Publish(AtOnce: true)]);
    }

    private JobDecision Enter(DateTimeOffset now) => Row.State switch
    {
        JobState.Queued => Wait(now),
        JobState.Starting or JobState.Running => AskMembers(now),
        JobState.Cancelling => FinishCancelling(now),
        _ => Nothing,
    };

    private JobDecision Cancel(CancelRequested cancel)
    {
        if (Row.HasEnded)
        {
            return Refuse(Grpc.Core.StatusCode.FailedPrecondition, $"Job {Row.Id} has ended: {Row.State.Name()}.");
        }

        if (cancel.Etag.Length > 0 && cancel.Etag != $"{Row.Version}")
        {
            return Refuse(Grpc.Core.StatusCode.Aborted, $"Job {Row.Id} has changed: its etag is {Row.Version}, the request says {cancel.Etag}.");
        }

        var cancelled = Row.State == JobState.Queued
            ? End(JobState.Cancelled, "Cancelled", "Cancelled by the user before it started.", cancel.Now)
            : Then(Move(JobState.Cancelling, "CancelRequested", "The user cancelled it.", cancel.Now), next => next.FinishCancelling(cancel.Now));
        return Then(cancelled, next => new JobDecision(next, [new Answer(new JobUpdate { Job = next.Row.ToJob() })]));
    }

    private JobDecision FinishCancelling(DateTimeOffset now) =>
        End(JobState.Cancelled, "Cancelled", $"Cancelled by the user at step {Row.Progress?.Step ?? 0}.", now);

    private JobDecision Fail(string reason, string message, DateTimeOffset now) => End(JobState.Failed, reason, message, now);

    // The end is stored before the workers are released: until then they keep what they have.
    private JobDecision End(JobState state, string reason, string message, DateTimeOffset now, Result? result = null)
    {
        var ended = this with { Row = Row with { Ended = now, Result = result } };
        return Then(ended.Move(state, reason, message, now), next => new JobDecision(
            next with { Adopting = false },
            [.. next.ReleaseAll(message), new TellScheduler(new JobSettled { Job = Row.Id })]));
    }

    // A transition: stored first, then shown.
    private JobDecision Move(JobState state, string reason, string message, DateTimeOffset now)
    {
        var row = Row with
        {
            State = state,
            Message = message,
            Version = Row.Version + 1,
            Transitions = Row.Transitions.Add(new Transition { Time = now.ToTimestamp(), State = state, Reason = reason, Message = message }),
        };
        return new JobDecision(this with { Row = row }, [new Save(row), new Publish(AtOnce: true)]);
    }

    private IEnumerable<JobAction> ReleaseAll(string reason) => Members.Select(member => Release(member.ActorPath, member.Name, OrderGeneration, reason));

    private Order Release(string actorPath, string worker, Generation generation, string reason) =>
        new(actorPath, new Release { Job = Row.Id, Worker = worker, Generation = generation, Reason = reason });

    private Order Query(JobMember member) => new(member.ActorPath, new Query
    {
        Job = Row.Id,
        Worker = member.Name,
        Generation = OrderGeneration,
        EpochsKnown = (uint)Row.Epochs.Count,
    });

    private JobDecision Refuse(Grpc.Core.StatusCode status, string message) =>
        new(this, [new Answer(new JobRefused { Job = Row.Id, Status = (int)status, Message = message })]);

    private JobDecision Nothing => new(this, []);

    private static JobDecision Then(JobDecision first, Func<JobMachine, JobDecision> second)
    {
        var (next, actions) = second(first.Next);
        return new JobDecision(next, [.. first.Actions, .. actions]);
    }
}
