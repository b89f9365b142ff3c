using Trainer.Coordinator.Store;
using Trainer.Hosting.Metrics;
using Trainer.Protos;

namespace Trainer.Coordinator.Jobs;

/// <summary>A planned change: all members stop after one item, then other members go on, or a checkpoint is written and nobody does.</summary>
public sealed partial record JobMachine
{
    private JobMachine Hold(Holding phase)
    {
        var next = NoticeSilence();
        if (next.Faults.Count > 0)
        {
            return next.BeginFence();
        }

        if (next.AllAreDone)
        {
            return Agree().BeginEnding();
        }

        if (!AllMembersAre(WorkerPhase.Held))
        {
            return this;
        }

        if (Team.DistinctBy(worker => (worker.Held[0].Item, worker.Held[0].Hash)).Count() > 1)
        {
            return BeginFence($"The workers' states differ: {HeldStates()}.", Now);
        }

        // The user may have changed his mind, or the scheduler its own.
        var stayers = Stayers().Count;
        var goesOn = Row.Desired == Desired.Run && stayers > 0 && phase.Why != HoldReason.OutOfTime && (phase.Why != HoldReason.GiveBack || stayers >= Row.MinWorkers);
        return goesOn ? Agree().GoOn(phase) : Agree().Put(phase);
    }

    // What all members hold is committed, also where a former entity was told so.
    private JobMachine Agree() => Commit(Team.First(worker => IsIn(worker, WorkerPhase.Held, WorkerPhase.Finished)).Held[0]);

    private List<JobWorker> Stayers() => [.. Team.Where(worker => !IsToLeave(worker)), .. Joiners()];

    private JobMachine GoOn(Holding phase)
    {
        var (state, holders) = (Team.First().Held[0], Team.ToList());
        var areSame = Joiners().Count == 0 && !Team.Any(IsToLeave);
        var next = IsPreempted && Team.Any(IsToLeave) ? Say(new CountPreemption(Preemption.Shrunk)) : this;
        return next.Begin(new NewGeneration(Stayers(), state, phase.Why == HoldReason.Shares && areSame ? "SharesChanged" : "MembersChanged", names => $"{phase.Message}; training on {names} from step {StepOf(state) + 1}.")
        {
            Holders = holders,
            Detail = phase.Why is HoldReason.Shares or HoldReason.Change ? phase.Message : "",
        });
    }

    // No checkpoint, no suspension: whoever is to leave goes on and says why.
    private JobMachine Put(Holding phase)
    {
        var state = Team.First().Held[0];
        if (LastCheckpointed.Item == state.Item)
        {
            return Rest(phase);
        }

        if (NextWriter(phase.Saving, Team) is { } saving)
        {
            return this with { Phase = phase with { Saving = saving } };
        }

        var message = $"No checkpoint could be written: {phase.Saving!.Problem}";
        var next = Row.Desired == Desired.Suspend
            ? Store(Row with { Desired = Desired.Run }).Move(JobState.Running, "NotSuspended", $"{message} The job goes on.")
            : Log(message);
        return next.Begin(new NewGeneration([.. Team], state, "NoCheckpoint", names => $"{message} Training on {names} goes on from step {StepOf(state) + 1}.") { Holders = [.. Team] })
            with
        { RestNotBefore = Uptime + Settings.BelowMinimum };
    }

    private JobMachine Rest(Holding phase) => Row.Desired == Desired.Suspend ? Suspended()
        : phase.Why == HoldReason.OutOfTime ? Fail("MaxDuration", $"{phase.Message}: it stopped {At(Row.Committed)}, with a checkpoint there.")
        : phase.Why == HoldReason.GiveBack && IsPreempted ? Preempted()
        : GiveUpWorkers("The job waits for workers.").Move(JobState.Queued, "WorkersGivenBack", $"{phase.Message}: it stopped {At(Row.Committed)}, and waits for workers.");

    // As if its user had suspended it, but that it waits for workers.
    private JobMachine Preempted() => GiveUpWorkers($"The job makes room for {Taker}.").Say(new CountPreemption(Preemption.Suspended))
        .Move(JobState.Queued, TransitionReasons.Preempted, $"It made room for {Taker}: it stopped {At(Row.Committed)}, and goes on by itself.");

    private string HeldStates() => string.Join("; ", Team.GroupBy(worker => worker.Held[0].Hash).Select(group =>
        $"{Generations.Names(group.Select(worker => worker.Name))} {(group.Count() == 1 ? "has" : "have")} {group.Key:x16}"));
}
