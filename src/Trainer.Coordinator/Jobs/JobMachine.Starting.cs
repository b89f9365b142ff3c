using System.Collections.Immutable;
using Trainer.Coordinator.Scheduling;
using Trainer.Coordinator.Store;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>From waiting for workers until a generation is stored, and its members are told to start.</summary>
public sealed partial record JobMachine
{
    /// <summary>What of the job is on disk; the initial state where nothing is.</summary>
    private StateId LastCheckpointed => LastCheckpoint?.State ?? new StateId();

    /// <summary>Losses of all workers come one after another: until then it does not start over.</summary>
    private TimeSpan StartNotBefore { get; init; }

    private bool HasEnough => Target is not null && Target.Values.Count(worker => worker.ActorPath.Length > 0) >= Row.MinWorkers;

    private JobMachine Wait()
    {
        if (Row.State == JobState.Cancelling)
        {
            return FinishCancelling();
        }

        if (UnrefutedData is { } unusable)
        {
            return FailByData(unusable);
        }

        return Row.Desired == Desired.Run && HasEnough
            ? Move(JobState.Starting, "WorkersGranted", $"Starting on {Generations.Names(Target!.Keys)}.") with { Phase = new Starting() }
            : this;
    }

    // All that are named, or, once the first has been ready for a while, as many as there must be.
    private JobMachine Gather(Starting phase)
    {
        if (UnrefutedData is { } unusable)
        {
            return FailByData(unusable);
        }

        if (Pool.Values.Any(MayHoldMore))
        {
            return BeginFence("A worker that holds a later state of the job has come back.", faultTime: null);
        }

        if (!HasEnough)
        {
            return Row.State == JobState.Starting && IsPreempted ? Preempted()
                : Row.State == JobState.Starting
                ? ReleaseAll("Too few workers are left.").Move(JobState.Queued, "WorkersGone", WaitingReason.Workers) with { Phase = new Waiting() }
                : this;
        }

        if (Uptime < StartNotBefore)
        {
            return this;
        }

        var ready = Linkable([], Pool.Values.Where(worker => IsReady(worker) && IsAimedAt(worker.Name)));
        var isComplete = ready.Count >= Math.Min(Target!.Count, MostMembers)
            || ready.Count >= Row.MinWorkers && ready.Exists(worker => Uptime - worker.ReadySince >= Settings.Gather);
        return isComplete && ready.Count >= Row.MinWorkers
            ? Begin(new NewGeneration(ready, LastCheckpointed, "Started", names => $"Training on {names}.")
            {
                Checkpoint = LastCheckpoint,
                FaultTime = phase.FaultTime,
                ItemsRedone = phase.ItemsLost,
            })
            : this;
    }

    // Who has not said what it knows to be committed is asked: that its link is lost says nothing of it. Who has been asked is believed: one may know of an item and hold nothing.
    private bool MayHoldMore(JobWorker worker) => worker.Phase switch
    {
        WorkerPhase.Fenced => worker.Held.Exists(held => held.Item > Row.Committed.Item && held.Item <= worker.Committed),
        WorkerPhase.Failed => false,
        _ => worker.HasState && (!worker.HasSaidCommitted || worker.Committed > Row.Committed.Item),
    };

    /// <summary>A generation to be begun.</summary>
    /// <param name="Workers">Those who hold the state first, where not all can be used.</param>
    /// <param name="Message">What is said once all have entered, of the members' names.</param>
    private sealed record NewGeneration(IReadOnlyList<JobWorker> Workers, StateId From, string Reason, Func<string, string> Message)
    {
        public IReadOnlyList<JobWorker> Holders { get; init; } = [];

        /// <summary>Where nobody holds the state.</summary>
        public Checkpoint? Checkpoint { get; init; }

        public IReadOnlyList<string> Lost { get; init; } = [];

        public DateTimeOffset? FaultTime { get; init; }

        public ulong ItemsRedone { get; init; }

        /// <summary>What the journal says beside the reason.</summary>
        public string Detail { get; init; } = "";

        /// <summary>All look first whether their memory has changed.</summary>
        public bool Examine { get; init; }
    }

    private JobMachine Begin(NewGeneration next)
    {
        var workers = next.Workers.Take(MostMembers).ToList();
        var generation = new Generation { Term = Row.Term, Number = Number + 1 };
        var assignment = Assign(workers);
        var message = next.Message(Generations.Names(assignment.Members.Select(member => member.Worker)));
        var row = Row with
        {
            Generation = generation,
            Assignment = assignment,
            Committed = next.From,
            Numerics = Row.Numerics.Length > 0 ? Row.Numerics : workers[0].Status.NumericsFor(Arithmetic) ?? "",
            Journal = JournalEntries.EndAt(Row.Journal, next.From).Add(JournalEntries.Of(generation, assignment, next.From, next.Reason, next.Detail, next.Lost, next.FaultTime, next.ItemsRedone)),
        };
        var counted = next.ItemsRedone > 0 ? Say(new CountRedone(next.ItemsRedone)) : this;
        return counted.Store(row) with
        {
            Number = generation.Number,
            Faults = [],
            MayHold = HoldersWith(next),
            LeavingSince = null,
            HeldSince = Phase is Holding ? HeldSince : null,
            BetterSince = null,
            Pool = workers.Aggregate(Pool, (pool, worker) => pool.SetItem(worker.Name, worker with { LastSign = Uptime, SuspectedSince = null })),
            Phase = new Running(next.From, Uptime, next.Reason, message)
            {
                Holders = [.. next.Holders.Select(holder => holder.ToMember())],
                Checkpoint = next.Checkpoint,
                Examine = next.Examine,
            },
        };
    }

    // After a loss also those who have not answered, of the broken generation and, where nothing was committed in it, of those before; where all have stopped for a change nobody else. What lies on disk may be
    // held by anybody of before.
    private ImmutableSortedDictionary<string, string>? HoldersWith(NewGeneration next)
    {
        var unanswered = Phase is Fencing fencing
            ? (next.From.Item > fencing.From.Item ? fencing.Former : MayHold?.SetItems(fencing.Former))?.RemoveRange(fencing.Answers.Keys)
            : ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
        return next.Holders.Count > 0 ? unanswered?.SetItems(Incarnations(next.Holders.Select(holder => holder.ToMember()))) : null;
    }

    // By host, so that neighbours in the tree are near each other.
    private Assignment Assign(IEnumerable<JobWorker> workers)
    {
        var ordered = workers.OrderBy(worker => worker.Status.Host, StringComparer.Ordinal).ThenBy(worker => worker.Name, StringComparer.Ordinal).ToList();
        var members = ordered.Zip(Shares(ordered), (worker, roots) =>
        {
            var member = worker.ToMember();
            member.Roots.AddRange(roots.Select(root => new ShardNode { Lo = (uint)root.Lo, Hi = (uint)root.Hi }));
            return member;
        });
        return new Assignment { Shards = Row.Spec.Training.Shards, Members = { members } };
    }

    // Nobody holds what was computed since: the same bits come again. Who held it and did not answer is unknown from here on; should it come back, what it holds counts again.
    private JobMachine StartOver(string why, DateTimeOffset? faultTime)
    {
        var (from, lost) = (LastCheckpointed, Row.Committed.Item - LastCheckpointed.Item);
        var where = from.Item == 0 ? "from the beginning" : $"from the checkpoint at step {StepOf(from)}";
        var when = Uptime < StartNotBefore ? $" in {(StartNotBefore - Uptime).TotalSeconds:0} s, after {Setbacks.Losses} losses in a row" : "";
        var progress = Row.Progress?.Clone();
        if (progress is not null)
        {
            progress.Step = from.Item == 0 ? 0 : StepOf(from);
            progress.Evaluation = progress.Evaluation?.Step <= progress.Step ? progress.Evaluation : null;
        }

        var next = this with
        {
            Phase = new Starting(lost, faultTime),
            Faults = [],
            MayHold = null,
            Checkpointing = null,
            Pool = Pool.RemoveRange(Pool.Values.Where(worker => (worker.HasState || IsMember(worker)) && !HasAnswered(worker)).Select(worker => worker.Name)),
            Row = Row with { Assignment = null, Committed = from, Progress = progress, Journal = JournalEntries.EndAt(Row.Journal, from) },
        };
        return next.Row.Desired == Desired.Suspend
            ? next.Suspended()
            : next.Move(Row.Started is null ? JobState.Starting : JobState.Recovering, "StateLost", $"{why} It goes on {where}{when}.");
    }

    private bool HasAnswered(JobWorker worker) => Phase is Fencing fencing ? fencing.Answers.ContainsKey(worker.Name) : Uptime - worker.LastSign < Settings.Silence;

    private ulong StepOf(StateId state) => state.Step > 0 || state.Item == 0 ? state.Step : StepNow;
}
