using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Jobs;

/// <summary>A new entity finds a generation in its row: it takes it over as it is, or breaks it off and goes on from what is held.</summary>
public sealed partial record JobMachine
{
    private JobMachine Ask(Asking phase)
    {
        if (AllMembersAre(WorkerPhase.Training, WorkerPhase.Held, WorkerPhase.Finished) && Team.All(worker => worker.IsLinked || worker.Phase != WorkerPhase.Training))
        {
            return Adopt();
        }

        var (team, heard) = (Team.ToList(), Team.Where(worker => worker.Phase != WorkerPhase.Unheard).ToList());
        if (team.Count == 0 && !Pool.Values.Any(worker => worker.HasState))
        {
            return StartOver("The workers of the job were started anew.", faultTime: null);
        }

        if (heard.Exists(IsNotAtWork) || team.Count < Members.Count || heard.Count > 0 && Uptime - phase.Since >= Settings.AdoptTimeout)
        {
            return BeginFence($"The coordinator came back, and found not all of {Generations.Names(Members.Select(member => member.Worker))} at work.", faultTime: null);
        }

        return Uptime - phase.Since >= Settings.StateTimeout ? StartOver("Silent since the coordinator came back: " +
            $"{Generations.Names(Members.Select(member => member.Worker))}.", faultTime: null) : this;
    }

    private bool IsNotAtWork(JobWorker worker) =>
        !IsIn(worker, WorkerPhase.Entering, WorkerPhase.Training, WorkerPhase.Held, WorkerPhase.Finished);

    private JobMachine Adopt()
    {
        var from = JournalEntries.Start(Row.Journal);
        var message = $"The coordinator came back and found {Generations.Names(Members.Select(member => member.Worker))} at work.";
        return AllMembersAre(WorkerPhase.Training, WorkerPhase.Finished)
            ? this with { Phase = new Running(from, Uptime, "WorkersAdopted", message) }
            : this with { Phase = new Holding(Row.Desired == Desired.Suspend ? HoldReason.Suspend : HoldReason.Change, from, message) };
    }
}
