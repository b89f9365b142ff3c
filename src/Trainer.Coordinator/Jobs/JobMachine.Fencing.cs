using System.Collections.Immutable;
using Trainer.Hosting.Metrics;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>After a loss: nobody publishes anything any more, those who answer say what they hold, and go on from the last committed item.</summary>
public sealed partial record JobMachine
{
    private JobMachine Unfold(JobWorker worker, Fenced answer) => Phase is Fencing { Verdict: null } fencing && (answer.Fence is null || Generations.Compare(answer.Fence, Authority) == 0)
        ? this with { Phase = fencing with { Answers = fencing.Answers.SetItem(worker.Name, answer) } }
        : this;

    private const int MostReads = 3;

    private JobMachine Fence(Fencing phase)
    {
        if (phase.Verdict is { } decided)
        {
            return Uptime < phase.NotBefore ? this : Resume(phase, decided);
        }

        if (Fenced(phase).Any(worker => IsAwaited(phase, worker)))
        {
            return this;
        }

        var names = Fenced(phase).Select(worker => worker.Name).ToList();
        var former = phase.Former.Keys.OrderBy(Rank).ToList();
        var verdict = Verdict.Of([.. former, .. names.Except(former)], phase.Answers.Where(answer => names.Contains(answer.Key)).ToImmutableDictionary(), Row.Committed, phase.From.Item, Faults, Setbacks, Uptime);
        return verdict is null || !CanBeHad(verdict) ? LookForState(phase) : Weigh(phase, verdict);
    }

    // Of a holder that nobody named yet it may not be known where others find it: the scheduler is asked.
    private bool CanBeHad(Verdict verdict) => verdict.State.Item == LastCheckpointed.Item || verdict.Holders.Exists(worker => Pool[worker].Status.LinkEndpoints.Count > 0);

    private int Rank(string worker) => Members.Index().FirstOrDefault(member => member.Item.Worker == worker).Index;

    /// <summary>Who is fenced: the members of the broken generation that are not proven lost, and whoever else says that it has a state.</summary>
    private IEnumerable<JobWorker> Fenced(Fencing phase) => Pool.Values.Where(worker =>
        phase.Former.TryGetValue(worker.Name, out var incarnation) ? incarnation == worker.Incarnation : worker.HasState);

    private bool IsAwaited(Fencing phase, JobWorker worker)
    {
        if (phase.Answers.ContainsKey(worker.Name) || StuckOf(worker.Name) is not null)
        {
            return false;
        }

        return Uptime - phase.Since < PatienceWith(phase, worker);
    }

    // A link may still count as up where the worker at its other end has not come to see it close: that a process is gone, its connection to here tells as well.
    private TimeSpan PatienceWith(Fencing phase, JobWorker worker)
    {
        var isLinked = phase.Answers.Values.Any(answer => answer.Linked.Contains(worker.Name));
        var isAccused = Faults.Exists(fault => fault.Kind == FaultKind.Link && fault.Worker == worker.Name);
        return isLinked && worker.SuspectedSince is null ? Settings.FenceLinked
            : isLinked && !isAccused ? Settings.SuspicionTimeout
            : phase.Answers.Count > 0 ? Settings.FenceUnlinked
            : Settings.FenceUnheard;
    }

    // Once, when the answers are there: what the loss means, and how long to wait before the next try.
    private JobMachine Weigh(Fencing phase, Verdict verdict)
    {
        var before = verdict.Setbacks;
        var lost = Lost(phase, verdict);
        var died = lost.Count > 0 || verdict.Excluded.Count > 0 ? 1 : 0;
        var setbacks = before with { Losses = before.Losses + 1, Deaths = before.Deaths + died };
        var counted = lost.Aggregate(this with { Setbacks = setbacks }, (machine, worker) =>
            StuckOf(worker) is { } stuck ? machine.Evict(worker, stuck.Why, "stuck") : machine.Say(new CountEviction("lost")));
        var quarantined = verdict.Corrupt.Aggregate(counted, (machine, corrupt) => machine.Quarantine(corrupt));
        var next = verdict.Excluded.Aggregate(quarantined, (machine, excluded) => machine.Evict(excluded.Worker, excluded.Why, excluded.Kind));
        if (next.GiveUp(phase, verdict.State) is { } over)
        {
            return over;
        }

        if (setbacks.Disagreements > 1)
        {
            return next.Fail("Corruption", $"The workers' states after step {StepOf(verdict.State) + 1} differ again, and nobody can be named.");
        }

        return setbacks.BackOff > TimeSpan.Zero
            ? next.SayInRow($"{phase.Cause} {setbacks.Losses} losses in a row: it goes on in {setbacks.BackOff.TotalSeconds:0} s.") with
            {
                Phase = phase with { Verdict = verdict, NotBefore = Uptime + setbacks.BackOff },
            }
            : next.Resume(phase, verdict);
    }

    // Null: there are retries left.
    private JobMachine? GiveUp(Fencing phase, StateId last)
    {
        if (Setbacks.Deaths <= Retries)
        {
            return null;
        }

        var times = Setbacks.Deaths == 1 ? "The job has no retries (cluster.retries), and workers" : $"{Setbacks.Deaths} times in a row workers";
        return Fail("WorkersDie", $"{times} were lost at step {StepOf(last) + 1}. {phase.Cause}{string.Concat(Ends.Select(end => $" {end.Key} {end.Value.How}."))}");
    }

    // A member of before that neither answered nor was left out.
    private static List<string> Lost(Fencing phase, Verdict verdict) => [.. phase.Former.Keys
        .Where(worker => !verdict.Members.Contains(worker) && !verdict.Excluded.Exists(excluded => excluded.Worker == worker))];

    // It lives and is not awaited: whether its answer came in time changes nothing.
    private Fault? StuckOf(string worker) => Faults.Find(fault => fault.Kind == FaultKind.Stuck && fault.Worker == worker);

    private JobMachine Resume(Fencing phase, Verdict verdict)
    {
        var (lost, step) = (Lost(phase, verdict), StepOf(verdict.State) + 1);
        var isEnd = verdict.Members.Any(worker => phase.Answers[worker].Finished && phase.Answers[worker].Committed == verdict.State.Item);
        var stay = verdict.Members.Where(Pool.ContainsKey).Select(worker => Pool[worker]).Where(worker => worker.Status.LinkEndpoints.Count > 0).ToList();
        if (stay.Count == 0)
        {
            return AwaitAddresses(phase, verdict);
        }

        var next = lost.Where(worker => StuckOf(worker) is null).Aggregate(
            this with { Row = Row with { Committed = verdict.State, Journal = JournalEntries.Commit(Row.Journal, phase.From, verdict.State, Now) } },
            (machine, worker) => machine with { Pool = machine.Pool.Remove(worker) });
        var holders = stay.Where(worker => verdict.Holders.Contains(worker.Name)).ToList();
        var joiners = next.Linkable(stay, next.Pool.Values.Where(worker => !phase.Answers.ContainsKey(worker.Name) && IsAimedAt(worker.Name) && IsReady(worker)));
        var why = Reasons(phase, verdict, lost, step);
        return next.Begin(new NewGeneration([.. holders, .. stay.Except(holders), .. joiners], verdict.State, verdict.Corrupt.Count > 0 ? "Corruption" : lost.Count > 0 ? "WorkerLost" : "Recovered",
            names => $"{why}; going on with {names} {(isEnd ? "to write the result" : $"from step {step}")}.")
        {
            Holders = holders,
            Checkpoint = LastCheckpointed.Item == verdict.State.Item ? LastCheckpoint : null,
            Lost = [.. lost, .. verdict.Excluded.Select(excluded => excluded.Worker)],
            FaultTime = phase.FaultTime,
            Detail = string.Join("; ", verdict.Corrupt.Select(corrupt => $"{corrupt.Worker}: {corrupt.Why}")),
            Examine = Faults.Exists(fault => fault.CallsForExamination),
            ItemsRedone = verdict.Members.SelectMany(worker => phase.Answers[worker].Held).Any(held => held.Item > verdict.State.Item) ? 1ul : 0,
        });
    }

    // An entity that is new has heard from workers, and not yet where others reach them. Those that fall silent meanwhile are looked for as any who hold the state.
    private JobMachine AwaitAddresses(Fencing phase, Verdict verdict) =>
        verdict.Members.Any(member => Pool.GetValueOrDefault(member) is { } worker && Uptime - worker.LastSign < Settings.Silence)
            ? this with { Phase = phase with { Verdict = verdict, NotBefore = Uptime, AskingSince = phase.AskingSince ?? Uptime } }
            : this with { Phase = phase with { Verdict = null, Answers = phase.Answers.RemoveRange(verdict.Members) } };

    // "Worker worker-1 was lost at step 37 (its link to worker-0 closed)"
    private string Reasons(Fencing phase, Verdict verdict, List<string> lost, ulong step)
    {
        var texts = lost.Select(worker => $"Worker {worker} was lost at step {step} ({Faults.Find(fault => fault.Worker == worker)?.Why ?? "it did not answer"})")
            .Concat(verdict.Excluded.Select(excluded => $"Worker {excluded.Worker} is {(excluded.IsCorrupt ? "in quarantine" : "left out for now")} ({excluded.Why})")).ToList();
        return texts.Count > 0 ? string.Join("; ", texts) : phase.Cause.TrimEnd('.');
    }

    // Whoever holds it may come back; else the last checkpoint gives the same bits.
    private JobMachine LookForState(Fencing phase)
    {
        var isSpoilt = Faults.Exists(fault => fault.IsCorruption) && Fenced(phase).All(worker => phase.Answers.ContainsKey(worker.Name));
        var isLost = isSpoilt || !Fenced(phase).Any() || AllHoldersAreLost(phase);
        var isOnDisk = Row.Committed.Item == LastCheckpointed.Item && phase.Answers.Values.All(answer => answer.Committed <= Row.Committed.Item);
        var mayAnswer = Fenced(phase).Any(worker => !phase.Answers.ContainsKey(worker.Name) && worker.SuspectedSince is null && Uptime - worker.LastSign < Settings.Silence);
        var isOver = Uptime - (phase.AskingSince ?? phase.Since) >= Settings.StateTimeout;
        if (isLost || isOver || isOnDisk && !mayAnswer && (phase.Answers.Count > 0 || Row.Started is null))
        {
            var next = ForgetUnreadable(phase);
            var unusable = next.Row.Checkpoints.Count < Row.Checkpoints.Count ? $" Checkpoint {LastCheckpoint!.Id} cannot be read, and is not used any more." : "";
            return next.Phase is Ended ? next : next.CountLossOfAll(phase).StartOver(phase, $"{phase.Cause} No worker holds the job's state any more.{unusable}");
        }

        return phase.AskingSince is not null
            ? this
            : SayInRow($"{phase.Cause} Nobody who holds the job's state answers: waiting for one.") with { Phase = phase with { AskingSince = Uptime } };
    }

    // Who may hold it has been started anew, and those who are left have said that they do not.
    private bool AllHoldersAreLost(Fencing phase) => MayHold?.RemoveRange(phase.Answers.Keys) is { IsEmpty: true }
        && Fenced(phase).All(worker => phase.Answers.ContainsKey(worker.Name))
        && phase.Answers.Values.All(answer => answer.Committed <= Row.Committed.Item && answer.Held.All(held => held.Item != Row.Committed.Item));

    // As Weigh counts where somebody is left. What was committed, or written, since the broken generation began came before the loss.
    private JobMachine CountLossOfAll(Fencing phase)
    {
        var reached = phase.Answers.Values.Select(answer => answer.Committed).Append(Row.Committed.Item).Append(LastCheckpointed.Item).Max();
        var before = reached > phase.From.Item ? Setbacks.Commit(reached) : Setbacks;
        return this with
        {
            Setbacks = phase.Former.Keys.All(phase.Answers.ContainsKey) ? before : before with { Losses = before.Losses + 1, Deaths = before.Deaths + 1 },
        };
    }

    private JobMachine StartOver(Fencing phase, string why)
    {
        var next = SendAwayTheCorrupt();
        return next.GiveUp(phase, Row.Committed) ?? (next with { StartNotBefore = Uptime + Setbacks.BackOff }).StartOver(why, phase.FaultTime);
    }

    // Who has nothing but a state that changed in its memory is no holder, and nobody to start over with.
    private JobMachine SendAwayTheCorrupt() => Faults.Where(fault => fault.IsCorruption && Pool.ContainsKey(fault.Worker)).DistinctBy(fault => fault.Worker)
        .Aggregate(this, (machine, fault) => machine.Quarantine(new Exclusion(fault.Worker, fault.Why)).Evict(fault.Worker, fault.Why, "corruption").Part(machine.Pool[fault.Worker], fault.Sentence));

    // A checkpoint that could not be read thrice is none.
    private JobMachine ForgetUnreadable(Fencing phase)
    {
        if (LastCheckpoint is null || phase.From.Item != LastCheckpointed.Item || !Faults.Exists(fault => fault.Failure == Failure.Types.Kind.State))
        {
            return this;
        }

        var next = this with { Setbacks = Setbacks with { Unreadable = Setbacks.Unreadable + 1 } };
        return next.Setbacks.Unreadable < MostReads ? next
            : Row.Checkpoints.Count == 0 ? next.Fail("CheckpointUnreadable", OriginUnreadable(LastCheckpoint.Id))
            : next.Store(Row with { Checkpoints = Row.Checkpoints.Remove(LastCheckpoint) }).Say(new CountFailure(ArtifactFailure.Unreadable)).Log($"Checkpoint {LastCheckpoint.Id} cannot be read, and is not used any more.", LogSeverity.Warn)
                with
            { Setbacks = Setbacks with { Unreadable = 0 } };
    }

    private string OriginUnreadable(string checkpoint) => Row.Verification is { } verified
        ? $"Checkpoint {checkpoint} of job {verified.Job}, which this begins with, cannot be read. Verify all steps, from the initial weights: trainer verify {verified.Job} --all"
        : $"Checkpoint {checkpoint} of job {Row.Spec.Training.Init?.From?.Job}, from which this goes on, cannot be read. Start from another one of: trainer checkpoints {Row.Spec.Training.Init?.From?.Job}";
}
