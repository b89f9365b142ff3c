using Trainer.Node.Links;
using Trainer.Node.States;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Worker;

/// <summary>What orders come to.</summary>
internal sealed partial record WorkerMachine
{
    /// <summary>Whether an order is one of the job that is served, and of nobody who has been outdated.</summary>
    public bool IsObeyed(string job, Generation generation) => Job.Length > 0 && job == Job && GenerationNumber.Of(generation) >= Authority;

    private WorkerDecision Obey(Ordered ordered, Vitals now) => ordered.Order switch
    {
        Enlist enlist => Obey(enlist, now),
        Start start => Of(start.Job, start.Generation, () => Obey(start, now)),
        Hold hold => Of(hold.Job, hold.Generation, () => Raise(hold.Generation).Hold(now)),
        Fence fence => Of(fence.Job, fence.Generation, () => Raise(fence.Generation).Answer(ordered.Held!, now)),
        Save save => Of(save.Job, save.Generation, () => Raise(save.Generation).Write(save)),
        Release release => IsObeyed(release.Job, release.Generation) ? Raise(release.Generation).LetGo() : Nothing,
        Query query => Of(query.Job, query.Generation, () => Raise(query.Generation).Answer(query, now)),
        _ => throw new ArgumentOutOfRangeException(nameof(ordered), ordered.Order, "An order that nobody handles."),
    };

    // Who clears a job away answers nobody: the order comes again.
    private WorkerDecision Of(string job, Generation generation, Func<WorkerDecision> obey) =>
        Phase == WorkerPhase.Clearing && job == Job ? Nothing
        : job != Job || Job.Length == 0 ? new WorkerDecision(this, [new Say(Signed(new WorkerReport { Busy = new Busy { Job = Job, Generation = Generation.ToMessage() } }, job, generation))])
        : GenerationNumber.Of(generation) < Authority ? Nothing
        : obey();

    private WorkerMachine Raise(Generation generation) =>
        GenerationNumber.Of(generation) is var number && number > Authority ? this with { Authority = number } : this;

    private WorkerDecision Obey(Enlist enlist, Vitals now)
    {
        if (enlist.Incarnation != Incarnation || Phase == WorkerPhase.Clearing)
        {
            return Nothing;
        }

        if (Phase == WorkerPhase.Idle && !IsLeaving)
        {
            var next = this with { Phase = WorkerPhase.Loading, Job = enlist.Job, Enlisted = enlist, Authority = GenerationNumber.Of(enlist.Generation) };
            return new WorkerDecision(next, [new BeginJob(enlist), new SayStatus(), new Say(next.Signed(next.Alive(now)))]);
        }

        return Of(enlist.Job, enlist.Generation, () => Raise(enlist.Generation).Repeat(now)); // Who leaves is busy with no job.
    }

    // The same again says what the worker has to say now; a lower one than it was in would lead back.
    private WorkerDecision Obey(Start start, Vitals now)
    {
        var number = GenerationNumber.Of(start.Generation);
        if (Phase == WorkerPhase.Loading || start.Assignment.Members[(int)start.Rank].Incarnation != Incarnation)
        {
            return Nothing;
        }

        if (number <= Generation || (number == Authority && Phase == WorkerPhase.Fenced && FencedAt == number))
        {
            return Raise(start.Generation).Repeat(now);
        }

        var next = Raise(start.Generation) with { Phase = WorkerPhase.Entering, Order = start, HasState = false, Linked = [], FencedLinks = null, Word = null, Waits = null };
        return new WorkerDecision(next, [new EnterGeneration(start), new SayStatus()]);
    }

    private WorkerDecision Hold(Vitals now) => Phase == WorkerPhase.Training ? new WorkerDecision(this, [new HoldGeneration(), new Say(Signed(Alive(now)))]) : Repeat(now);

    // What is in flight ends; what the worker holds is what the answer says.
    private WorkerDecision Answer(LedgerEntry held, Vitals now)
    {
        var word = new WorkerReport
        {
            Fenced = new Fenced
            {
                Held = { held.Held.Select(state => state.ToMessage()) },
                Committed = held.Committed,
                Linked = { FencedLinks ?? LinkedNames },
                Waiting = Phase == WorkerPhase.Fenced ? Word?.Fenced?.Waiting : Waits,
                AtRest = now.AtRest,
                Finished = Phase == WorkerPhase.Finished || (Phase == WorkerPhase.Fenced && Word?.Fenced is { Finished: true }),
                Fence = Authority.ToMessage(),
            },
        };
        if (Phase is WorkerPhase.Loading or WorkerPhase.Standby)
        {
            return Repeat(now); // It is in no generation.
        }

        var next = this with { Phase = WorkerPhase.Fenced, Word = word, Waits = null, FencedAt = Authority, FencedLinks = [.. FencedLinks ?? LinkedNames] };
        return new WorkerDecision(next, [new LeaveGeneration(), new Say(next.Signed(word))]);
    }

    private WorkerDecision Write(Save order) => LastSaveId == order.Id && LastSave is { } answer ? Saying(answer)
        : Saving == order.Id ? Nothing
        : Phase is WorkerPhase.Training or WorkerPhase.Held or WorkerPhase.Finished ? new WorkerDecision(this with { Saving = order.Id }, [new SaveState(order)])
        : Saying(new WorkerReport { SaveFailed = new SaveFailed { Id = order.Id, Message = $"{Name} is {Phase.ToString().ToLowerInvariant()}" } });

    private WorkerDecision LetGo() => Phase == WorkerPhase.Clearing ? Nothing : new WorkerDecision(this with { Phase = WorkerPhase.Clearing }, [new EndJob()]);

    private WorkerDecision Answer(Query query, Vitals now)
    {
        var (next, actions) = Repeat(now);
        var epochs = now.Epochs.Where(epoch => epoch.Epoch > query.EpochsKnown)
            .Select(epoch => new Say(Signed(new WorkerReport { Epoch = new EpochReport { Summary = epoch, Item = now.Committed } })));
        return new WorkerDecision(next, [.. actions, .. epochs]);
    }

    /// <summary>All that a coordinator must be told of the job which knows nothing of it.</summary>
    public Served Describe() => Enlisted is null ? new Served() : new Served
    {
        Job = Job,
        Spec = Enlisted.Spec,
        Expectation = Enlisted.Expectation,
        Authority = Authority.ToMessage(),
        Generation = Generation.ToMessage(),
        Assignment = Order?.Assignment,
        From = Order?.State,
    };

    private WorkerDecision Repeat(Vitals now) => Saying(Phase == WorkerPhase.Standby ? Standby : Word ?? Alive(now));
}
