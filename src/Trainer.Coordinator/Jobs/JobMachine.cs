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
/// <para>
/// An event changes what is known (row, pool, target, faults); then the phase looks whether it can move on. Nothing is sent where something
/// happens: the orders that are due follow from the state, and are repeated until the worker's report shows that they are obeyed. So a message
/// that got lost, came twice or late changes nothing. docs/elasticity.md has the rules.
/// </para>
/// <code>
///   Waiting --target--> Starting --enough are ready--> Running --all finished--> Ending --result written--> Ended
///      ^                   ^                            |  ^ ^                     |
///      |                   |       other members wanted |  | | who is left         | nobody left
///      '-- checkpoint -- Holding &lt;----------------------'  | |                     |
///                          '------- all have stopped ------' |                     |
///                          '--------- a loss ------------> Fencing &lt;---------------'
///                        Starting &lt;-- nobody holds it ----'  ^
///   a new entity: Asking -- all are at work --> Running      |
///                    '------------- else --------------------'
/// </code>
/// </remarks>
public sealed partial record JobMachine
{
    private const int MostMoves = 8;

    private JobMachine(JobRow row, JobSettings settings, ByteString secret, DateTimeOffset now) =>
        (Row, Settings, Secret, Now, Number) = (row, settings, secret, now, row.Generation.Number);

    public JobRow Row { get; private init; }

    public JobPhase Phase { get; private init; } = new Waiting();

    /// <summary>Who serves the job, or is to, by name.</summary>
    public ImmutableSortedDictionary<string, JobWorker> Pool { get; private init; } =
        ImmutableSortedDictionary<string, JobWorker>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>How long its owner may leave it without a look at the clock.</summary>
    public TimeSpan Tick => Phase is Waiting && Pool.IsEmpty && Target is not { IsEmpty: false } ? Settings.WaitingTick : Settings.Tick;

    private JobSettings Settings { get; init; }

    /// <summary>From which the secrets of generations are made.</summary>
    private ByteString Secret { get; init; }

    private DateTimeOffset Now { get; init; }

    /// <summary>The machine's own clock: it stands while the process does, so no deadline passes unseen.</summary>
    private TimeSpan Uptime { get; init; }

    /// <summary>The highest number of a generation or fence so far.</summary>
    private ulong Number { get; init; }

    private bool Unsaved { get; init; }

    /// <summary>What users see has changed: the row gets a new version, which is the etag.</summary>
    private bool IsNewVersion { get; init; }

    private bool Unpublished { get; init; }

    /// <summary>Whose wish the event is, while it is taken.</summary>
    private string Asker { get; init; } = "";

    /// <summary>What an event itself asks for.</summary>
    private ImmutableList<JobAction> Outbox { get; init; } = [];

    /// <summary>What orders carry: the entity's term, which may be above that of the generation in which the workers run.</summary>
    private Generation Authority => new() { Term = Row.Term, Number = Number };

    private ulong StepNow => Row.Progress?.Step ?? 0;

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
            Verification = create.Verification,
            Origin = create.Origin,
            Numerics = create.Numerics,
            Committed = create.Origin?.State ?? new StateId(),
            Labels = create.Labels.ToImmutableSortedDictionary(StringComparer.Ordinal),
            Notes = create.Notes,
            Creator = create.Creator,
            State = JobState.Queued,
            Message = message,
            Term = 1,
            Created = now,
            Version = 1,
            Transitions = [new Transition { Time = now.ToTimestamp(), State = JobState.Queued, Reason = "Submitted", Message = message, AskedBy = create.Creator }],
        };
    }

    /// <summary>A job that the store has lost, or never had: its workers are asked what they hold, as after any absence of the coordinator.</summary>
    public static JobRow AdoptedRow(string id, AdoptJob adopt, DateTimeOffset now)
    {
        var (served, message) = (adopt.Served, $"The store did not know this job. It was taken over from worker {adopt.Worker}, with all that its workers hold.");
        return new JobRow
        {
            Id = id,
            RequestId = $"adopted-{id}",
            RequestHash = "",
            Spec = served.Spec,
            State = JobState.Recovering,
            Message = message,
            Term = served.Authority.Term + 1,
            Generation = served.Generation,
            Assignment = served.Assignment,
            Committed = served.From,
            Numerics = adopt.Numerics,
            Created = now,
            Started = now,
            Version = 1,
            Journal = [JournalEntries.Of(served.Generation, served.Assignment, served.From, "Adopted", detail: "", lost: [], faultTime: null, itemsRedone: 0)],
            Transitions = [new Transition { Time = now.ToTimestamp(), State = JobState.Recovering, Reason = "Adopted", Message = message }],
        };
    }

    /// <param name="row">As stored, with a term that the entity has taken.</param>
    /// <param name="secret">Random.</param>
    public static JobMachine Of(JobRow row, JobSettings settings, ByteString secret, DateTimeOffset now) => new(row, settings, secret, now);

    public JobDecision Decide(JobEvent e)
    {
        var asked = this with { Now = e.Now, Uptime = Uptime + Passed(e.Now), Outbox = [], Unsaved = false, IsNewVersion = false, Unpublished = false, Asker = (e as JobRequest)?.By ?? "" };
        var next = asked.Take(e) with { Asker = "" };
        return next.Row.UnknownFields.Length > 0 ? next.Finish([]) : next.Converge().TellWanted().Finish();
    }

    private JobMachine Take(JobEvent e) => e switch
    {
        not (CancelRequested or DeleteRequested) when Row.UnknownFields.Length > 0 => LeaveAlone(e),
        JobRequest request => Answer(request),
        Entered => Enter(),
        Targeted targeted => Aim(targeted.Target),
        Reported reported => Hear(reported.Report, reported.Sender),
        ConnectionChanged changed => Connection(changed),
        Ticked => this,
        _ => throw new ArgumentOutOfRangeException(nameof(e), e, "Unknown event."),
    };

    private JobMachine Enter() => this with
    {
        Phase = Row.HasEnded ? new Ended() : Row.State == JobState.Cancelling || Row.Assignment is null ? new Waiting() : new Asking(Uptime),
        Pool = Row.HasEnded || Row.Assignment is null
            ? Pool
            : Pool.AddRange(Row.Assignment.Members.Select(member => KeyValuePair.Create(member.Worker, JobWorker.Of(member, Uptime)))),
    };

    // A later release wrote the spec. What this one does not understand, it must not leave out.
    private JobMachine LeaveAlone(JobEvent e)
    {
        var message = $"This job asks for what release {TrainerVersion.Current} does not know: {string.Join(", ", Row.UnknownFields)}. A coordinator of the release that made it runs it.";
        var next = Row.HasEnded || Row.Message == message ? this : SayInRow(message);
        return e is JobRequest ? next.RefuseWith(Grpc.Core.StatusCode.FailedPrecondition, message) : next;
    }

    // Facts may let one phase follow another at once.
    private JobMachine Converge()
    {
        var next = this;
        for (var moves = 0; moves < MostMoves; moves++)
        {
            var moved = next.Recruit().Reenlist().Shed().Step();
            if (moved.Phase.Equals(next.Phase))
            {
                return moved;
            }

            next = moved;
        }

        return next;
    }

    private JobMachine Step() => Phase switch
    {
        Waiting => Wait(),
        Asking asking => Ask(asking),
        Starting starting => Gather(starting),
        Running running => Run(running),
        Holding holding => Hold(holding),
        Fencing fencing => Fence(fencing),
        Ending ending => Complete(ending),
        _ => this,
    };

    // Stored before it is said.
    private JobDecision Finish()
    {
        var (next, orders) = Remind();
        return next.Finish(orders);
    }

    private JobDecision Finish(IEnumerable<JobAction> orders)
    {
        var next = IsNewVersion ? this with { Row = Row with { Version = Row.Version + 1 } } : this;
        return new JobDecision(next, [
            .. Unsaved ? [new SaveRow(next.Row)] : Array.Empty<JobAction>(),
            .. Outbox,
            .. orders,
            .. Unsaved ? [new Publish(AtOnce: true)] : Unpublished ? [new Publish(AtOnce: false)] : Array.Empty<JobAction>()]);
    }

    // What a gap in the clock hides is unknown: it counts as one tick.
    private TimeSpan Passed(DateTimeOffset now)
    {
        var gap = now - Now;
        return gap < TimeSpan.Zero ? TimeSpan.Zero : gap < Settings.LongestTick ? gap : Settings.Tick;
    }

    private JobMachine Move(JobState state, string reason, string message) => this with
    {
        Unsaved = true,
        IsNewVersion = true,
        Row = Row with
        {
            State = state,
            Message = message,
            Transitions = Row.Transitions.Add(new Transition { Time = Now.ToTimestamp(), State = state, Reason = reason, Message = message, AskedBy = Asker }),
        },
    };

    // Neither a transition nor a new state: it is as before, and it is known better why.
    private JobMachine SayInRow(string message) => Row.Message == message ? this : Keep(Row with { Message = message });

    private JobMachine Store(JobRow row) => this with { Row = row, Unsaved = true, IsNewVersion = true };

    /// <summary>As <see cref="Store"/>, where it is the job's own affair.</summary>
    private JobMachine Keep(JobRow row) => this with { Row = row, Unsaved = true };

    private JobMachine Say(JobAction action) => this with { Outbox = Outbox.Add(action) };

    private JobMachine Log(string message, LogSeverity level = LogSeverity.Info) => Say(new WriteLog(JobLogLine.OfJob, message, Now, level));

    private JobMachine Fail(string reason, string message) => End(JobState.Failed, reason, message);

    // The end is stored before the workers are released: until then they keep what they have.
    private JobMachine End(JobState state, string reason, string message) =>
        (this with { Row = Row with { Ended = Now } }).Move(state, reason, message).ReleaseAll(message) with { Phase = new Ended() };
}
