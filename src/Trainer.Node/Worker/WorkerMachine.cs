using System.Collections.Immutable;
using Trainer.Node.Links;
using Trainer.Protos.Cluster;
using LogSeverity = Trainer.Protos.LogSeverity;

namespace Trainer.Node.Worker;

/// <summary>Where a worker is with the job that it serves.</summary>
internal enum WorkerPhase
{
    Idle,
    Loading,
    Standby,
    Entering,
    Training,
    Broken,
    Held,
    Finished,
    Fenced,
    Failed,
    Clearing,
}

/// <summary>
/// A worker's decisions, as a pure function: what it is and an event give what it becomes and what is to be done. <see cref="WorkerActor"/> does it.
/// </summary>
/// <remarks>
/// <code>
///           Enlist            loaded            Start              state and links are there
///   Idle ----------> Loading -------> Standby --------> Entering ---------------------------> Training
///                       |                                 ^  |                              |   |   |
///                failed |              Start of a higher  |  | link, failure   link, failure|   |   | done
///                       v              generation         |  v                              v   |   v
///                    Failed            Held, Fenced, Broken, Finished, Failed -----------------+  Finished
///   any but Idle: Fence -> Fenced;  Release -> Clearing -> (threads have ended) -> Idle
/// </code>
/// Orders below the highest generation that an order came with are dropped. A worker serves one job, and says Busy to all others. What it has to say to its job it says again at
/// every tick and to every repeated order, until the next order.
/// </remarks>
internal sealed partial record WorkerMachine(string Name, string Incarnation)
{
    public WorkerPhase Phase { get; private init; }

    /// <summary>That it serves; empty: none.</summary>
    public string Job { get; private init; } = "";

    /// <summary>The order that the job came with.</summary>
    private Enlist? Enlisted { get; init; }

    /// <summary>The highest generation that an order of the job came with: lower ones are dropped.</summary>
    public GenerationNumber Authority { get; private init; }

    /// <summary>That it is in, or was in last.</summary>
    public GenerationNumber Generation => Order is null ? default : GenerationNumber.Of(Order.Generation);

    /// <summary>With which it entered that.</summary>
    public Start? Order { get; private init; }

    /// <summary>Takes no more jobs.</summary>
    public bool IsLeaving { get; private init; }

    private bool IsQuitting { get; init; }

    private bool HasState { get; init; }

    /// <summary>The ranks to which links are up.</summary>
    private ImmutableSortedSet<int> Linked { get; init; } = [];

    /// <summary>What it has to say to its job in this phase; null: that it is alive.</summary>
    private WorkerReport? Word { get; init; }

    /// <summary>What it last waited for, while it does.</summary>
    private Waiting? Waits { get; init; }

    /// <summary>The last save, for the order that comes again.</summary>
    private WorkerReport? LastSave { get; init; }

    private string? LastSaveId { get; init; }

    /// <summary>The save that is at work.</summary>
    private string? Saving { get; init; }

    /// <summary>The last fence.</summary>
    private GenerationNumber FencedAt { get; init; }

    /// <summary>To whom links were up when the generation was fenced.</summary>
    private ImmutableArray<string>? FencedLinks { get; init; }

    private bool IsInGeneration => Phase is WorkerPhase.Entering or WorkerPhase.Training or WorkerPhase.Broken or WorkerPhase.Held or WorkerPhase.Finished;

    private bool AllLinked => Order is { } order && Linked.Count == order.Assignment.Members.Count - 1;

    private WorkerDecision Nothing => new(this, []);

    public WorkerDecision Decide(WorkerEvent e, Vitals now) => e switch
    {
        Ordered ordered => Obey(ordered, now),
        JobLoaded => Phase == WorkerPhase.Loading ? Enter(WorkerPhase.Standby, Standby) : Nothing,
        StateTaken taken => OfNow(taken.Generation) ? TakeState(taken) : Nothing,
        LinkUp up => OfNow(up.Generation) ? (this with { Linked = Linked.Add(up.Rank) }).TrainIfReady() : Nothing,
        LinkGone gone => OfNow(gone.Generation) ? Lose(gone, now) : Nothing,
        ItemsCommitted items => OfNow(items.Generation) ? Tell(items) : Nothing,
        SegmentOver over => OfNow(over.Generation) ? EndSegment(over, now) : Nothing,
        DriverFailed failed => Fail(failed),
        FramesMissing missing => OfNow(missing.Generation) && Phase is WorkerPhase.Training ? Wait(missing) : Nothing,
        StatesDiffer differ => OfNow(differ.Generation) ? Saying(new WorkerReport { Disagreement = differ.Disagreement }) : Nothing,
        ThreadStuck stuck => Phase is WorkerPhase.Training ? Saying(new WorkerReport { Stuck = stuck.Stuck }) : Nothing,
        SaveAnswered answered => AnswerSave(answered),
        RecordNotWritten record => Job.Length > 0 ? Saying(new WorkerReport { RecordFailed = record.Failed }) : Nothing,
        RoomKnown known => OfNow(known.Generation) ? Saying(new WorkerReport { Room = known.Room }) : Nothing,
        DriverOver => Clear(),
        Ticked => Phase is WorkerPhase.Idle or WorkerPhase.Clearing ? Nothing : Repeat(now),
        LeaveAsked => new WorkerDecision(this with { IsLeaving = true }, Phase == WorkerPhase.Idle ? [new SayStatus(), new SayLeft()] : [new SayStatus()]),
        QuitAsked => Quit(),
        _ => throw new ArgumentOutOfRangeException(nameof(e), e, "An event that nobody handles."),
    };

    private bool OfNow(GenerationNumber generation) => IsInGeneration && generation == Generation;

    // ---------- what happens in a generation

    private WorkerDecision TakeState(StateTaken taken)
    {
        var next = (this with { HasState = true }).TrainIfReady();
        return taken.Note is { } note && Order!.Rank == 0 ? new WorkerDecision(next.Next, [.. next.Actions, LogLine(note)]) : next;
    }

    private WorkerDecision TrainIfReady()
    {
        if (Phase != WorkerPhase.Entering || !HasState || !AllLinked)
        {
            return Nothing;
        }

        var started = new WorkerReport { Started = new Started() };
        return new WorkerDecision(this with { Phase = WorkerPhase.Training }, [new BeginTraining(), new Say(Signed(started))]);
    }

    // A link that closes while others still open theirs is told of at once: without it the generation comes to nothing.
    private WorkerDecision Lose(LinkGone gone, Vitals now)
    {
        var next = this with { Linked = Linked.Remove(gone.Rank) };
        if (Phase is WorkerPhase.Held or WorkerPhase.Finished)
        {
            return new WorkerDecision(next, []); // It has nothing more to exchange.
        }

        var lost = new LinkLost
        {
            Peer = Order!.Assignment.Members[gone.Rank].Worker,
            Step = now.Step,
            Item = now.Item,
            Message = gone.Reason,
            Opened = gone.Opened,
            Corrupt = gone.IsCorrupt,
        };
        return next.Phase == WorkerPhase.Broken ? next.Saying(new WorkerReport { LinkLost = lost }) : next.Enter(WorkerPhase.Broken, new WorkerReport { LinkLost = lost });
    }

    private WorkerDecision Tell(ItemsCommitted items)
    {
        if (Order!.Rank != 0)
        {
            return new WorkerDecision(this with { Waits = null }, []);
        }

        var (state, progress, epoch, curve) = items.Progress;
        var committed = state.ToMessage();
        List<WorkerAction> actions = [new Say(Signed(new WorkerReport { Step = new StepReport { Progress = progress, Committed = committed, Curve = { curve } } }))];
        if (epoch is not null)
        {
            actions.Add(new Say(Signed(new WorkerReport { Epoch = new EpochReport { Summary = epoch, Step = progress.Step, Item = state.Item } })));
            if (Training.JobNotes.Of(epoch) is { } note)
            {
                actions.Add(LogLine(note, LogSeverity.Warn));
            }
        }

        return new WorkerDecision(this with { Waits = null }, actions);
    }

    private WorkerDecision EndSegment(SegmentOver over, Vitals now)
    {
        var state = over.State.ToMessage();
        return over.End == Training.SegmentEnd.Finished
            ? Enter(WorkerPhase.Finished, new WorkerReport { Finished = new Finished { State = state, Step = state.Step } })
            : Enter(WorkerPhase.Held, new WorkerReport { Held = new Held { State = state } });
    }

    private WorkerDecision Wait(FramesMissing missing) => (this with { Waits = missing.Waiting }).Saying(new WorkerReport { Waiting = missing.Waiting });

    private WorkerDecision Fail(DriverFailed failed)
    {
        var word = new WorkerReport { Failure = failed.Failure };
        return OfNow(failed.Generation) ? Enter(WorkerPhase.Broken, word)
            : failed.Generation == default && Phase == WorkerPhase.Loading ? Enter(WorkerPhase.Failed, word)
            : Nothing;
    }

    private WorkerDecision AnswerSave(SaveAnswered answered)
    {
        var report = answered.Answer is Saved saved ? new WorkerReport { Saved = saved } : new WorkerReport { SaveFailed = (SaveFailed)answered.Answer };
        return Phase is WorkerPhase.Idle or WorkerPhase.Clearing
            ? Nothing
            : (this with { LastSave = report, LastSaveId = answered.Id, Saving = null }).Saying(report);
    }

    // ---------- the end

    private WorkerDecision Clear()
    {
        var idle = new WorkerMachine(Name, Incarnation) { IsLeaving = IsLeaving, IsQuitting = IsQuitting };
        return new WorkerDecision(idle, IsQuitting ? [new SayStatus(), new End()] : IsLeaving ? [new SayStatus(), new SayLeft()] : [new SayStatus()]);
    }

    private WorkerDecision Quit() => Phase switch
    {
        WorkerPhase.Idle => new WorkerDecision(this with { IsQuitting = true, IsLeaving = true }, [new End()]),
        WorkerPhase.Clearing => new WorkerDecision(this with { IsQuitting = true, IsLeaving = true }, []),
        _ => new WorkerDecision(this with { IsQuitting = true, IsLeaving = true, Phase = WorkerPhase.Clearing }, [new EndJob()]),
    };

    // ---------- words

    private WorkerDecision Enter(WorkerPhase phase, WorkerReport word)
    {
        var next = this with { Phase = phase, Word = word, Waits = null };
        return new WorkerDecision(next, [new Say(next.Signed(word))]);
    }

    private WorkerDecision Saying(WorkerReport report) => new(this, [new Say(Signed(report))]);

    private Say LogLine(string message, LogSeverity level = LogSeverity.Info) =>
        new(Signed(new WorkerReport { Log = new LogLine { Message = message, UnixMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), Level = level } }));

    // To whom a fence counts: it may come while the worker waits for its first generation.
    private WorkerReport Standby => new() { Standby = new Standby { Authority = Authority.ToMessage() } };

    private WorkerReport Alive(Vitals now) => new()
    {
        Alive = new Alive
        {
            Step = now.Step,
            Phase = Phase.ToString().ToLowerInvariant(),
            EpochsClosed = (uint)now.Epochs.Count,
            Committed = now.Committed,
            Linked = { LinkedNames },
            IsLinked = AllLinked,
            ShardSeconds = now.Speed.ShardSeconds,
            UpdateSeconds = now.Speed.UpdateSeconds,
        },
    };

    private IEnumerable<string> LinkedNames => Linked.Select(rank => Order!.Assignment.Members[rank].Worker);

    private WorkerReport Signed(WorkerReport report) => Signed(report, Job, Generation.ToMessage());

    private WorkerReport Signed(WorkerReport report, string job, Generation generation)
    {
        var signed = report.Clone();
        (signed.Job, signed.Worker, signed.Incarnation, signed.Generation) = (job, Name, Incarnation, generation);
        return signed;
    }
}
