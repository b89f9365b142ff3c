using System.Collections.Immutable;
using Trainer.Coordinator.Store;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>A generation enters and trains; what it commits, and when it is to make room for another.</summary>
public sealed partial record JobMachine
{
    /// <summary>Since when the job has had fewer workers than it must.</summary>
    private TimeSpan? BelowSince { get; init; }

    /// <summary>Since when all members are to leave.</summary>
    private TimeSpan? LeavingSince { get; init; }

    /// <summary>Workers were to be given back and could not: not again before.</summary>
    private TimeSpan RestNotBefore { get; init; }

    private bool IsIn(JobWorker worker, params ReadOnlySpan<WorkerPhase> phases) => IsInGeneration(worker) && phases.Contains(worker.Phase);

    private bool AllMembersAre(params WorkerPhase[] phases) => Members.Count > 0 && Team.Count() == Members.Count && Team.All(worker => IsIn(worker, phases));

    // One that has finished proves that all have applied the last item, also whoever lost its link before it heard that.
    private bool AllAreDone => AllMembersAre(WorkerPhase.Finished, WorkerPhase.Broken) && Team.Any(worker => IsIn(worker, WorkerPhase.Finished));

    private JobMachine Run(Running phase)
    {
        var next = NoticeSilence();
        if (next.Faults.Count > 0)
        {
            return next.BeginFence();
        }

        if (next.AllAreDone)
        {
            return Establish(phase).Agree().BeginEnding();
        }

        return phase.IsEstablished || AllMembersAre(WorkerPhase.Training, WorkerPhase.Held, WorkerPhase.Finished) ? Establish(phase).Train()
            : Uptime - phase.Since >= Settings.StartTimeout ? LateStarters()
            : this;
    }

    private JobMachine Establish(Running phase)
    {
        if (phase.IsEstablished)
        {
            return this;
        }

        var next = this with { Phase = phase with { IsEstablished = true }, Row = Row with { Started = Row.Started ?? Now } };
        return Row.State switch
        {
            JobState.Suspending => next,
            JobState.Running => next.Store(next.Row with { Message = MessageOf(phase) }).Log(phase.Message),
            _ => next.Move(JobState.Running, phase.Reason, MessageOf(phase)),
        };
    }

    private JobMachine Train()
    {
        var phase = (Running)Phase;
        var next = CheckpointIfDue().WatchMinimum().WatchLeavers().WeighShares();
        return next.Wish() is { } why
            ? next with { Phase = new Holding(why, phase.From, next.Explain(why)), HeldSince = Now, SharedAt = why == HoldReason.Shares ? Uptime : SharedAt }
            : next;
    }

    private bool IsOutOfTime => Row.Spec.Cluster is { HasMaxDurationSeconds: true } cluster && TimeRunning >= TimeSpan.FromSeconds(cluster.MaxDurationSeconds);

    // Waiting, suspended and recovering do not count.
    private TimeSpan TimeRunning => Row.Transitions
        .Zip(Row.Transitions.Skip(1).Select(next => next.Time.ToDateTimeOffset()).Append(Now), (transition, end) => transition.State == JobState.Running ? end - transition.Time.ToDateTimeOffset() : TimeSpan.Zero)
        .Aggregate(TimeSpan.Zero, (sum, time) => sum + time);

    private JobMachine WatchMinimum() =>
        this with { BelowSince = Members.Count < Row.MinWorkers ? BelowSince ?? Uptime : null };

    private JobMachine WatchLeavers() =>
        this with { LeavingSince = Team.All(IsToLeave) ? LeavingSince ?? Uptime : null };

    // Everything that is wanted at this moment is one change.
    private HoldReason? Wish()
    {
        if (Row.Desired == Desired.Suspend)
        {
            return HoldReason.Suspend;
        }

        if (IsOutOfTime && Uptime >= RestNotBefore)
        {
            return HoldReason.OutOfTime;
        }

        if (Uptime - BelowSince >= Settings.BelowMinimum && Uptime >= RestNotBefore)
        {
            return HoldReason.GiveBack;
        }

        var (coming, loading) = (Joiners().Count, Pool.Values.Any(IsComing));
        if (Team.All(IsToLeave))
        {
            return coming > 0 ? HoldReason.Change : loading && Uptime - LeavingSince < Settings.HandOver || Uptime < RestNotBefore ? null : HoldReason.GiveBack;
        }

        var isSettled = !loading || Joiners().Exists(worker => Uptime - worker.ReadySince >= Settings.Gather);
        return Team.Any(IsToLeave) || coming > 0 && isSettled || Team.Any(IsHeldByAnother) ? HoldReason.Change
            : Uptime - BetterSince >= Settings.SharesSettle && coming == 0 && !loading ? HoldReason.Shares
            : null;
    }

    // The Hold of a former entity took effect after this one took the generation over: without another generation it would hold for ever.
    private bool IsHeldByAnother(JobWorker worker) => IsIn(worker, WorkerPhase.Held);

    private bool IsToLeave(JobWorker worker) => Target is not null && !IsAimedAt(worker.Name);

    /// <summary>Those who are ready and wanted beside the members, as many as can be used.</summary>
    private List<JobWorker> Joiners() =>
        [.. Linkable([], Pool.Values.Where(worker => !IsMember(worker) && IsAimedAt(worker.Name) && IsReady(worker))).Take(Math.Max(0, MostMembers - Team.Count(worker => !IsToLeave(worker))))];

    private bool IsComing(JobWorker worker) => !IsMember(worker) && IsAimedAt(worker.Name) && !IsReady(worker) && !IsEvicted(worker.Name)
        && worker.Phase is WorkerPhase.Unheard or WorkerPhase.Loading && Uptime - worker.LastSign < Settings.Silence;

    private string Explain(HoldReason why) => why switch
    {
        HoldReason.Suspend => "The user suspends it",
        HoldReason.OutOfTime => $"It has trained for {Row.Spec.Cluster.MaxDurationSeconds} s, which is its cluster.max_duration_seconds",
        HoldReason.Shares => ExplainShares(),
        HoldReason.GiveBack when BelowSince is not null => $"Only {Members.Count} of {Row.MinWorkers} workers for {Settings.BelowMinimum.TotalSeconds:0} s",
        HoldReason.GiveBack => IsPreempted ? $"Its workers are needed by {Taker}" : "All its workers are to leave",
        HoldReason.Change when Joiners().Count == 0 && !Team.Any(IsToLeave) => "The workers had been told to stop",
        _ => string.Join(", ", new[]
        {
            (Verb: "came", Names: Joiners().Select(worker => worker.Name).ToList()),
            (Verb: IsPreempted ? $"left for {Taker}" : "left", Names: [.. Team.Where(IsToLeave).Select(worker => worker.Name)]),
        }.Where(change => change.Names.Count > 0).Select(change => $"{Generations.Names(change.Names)} {change.Verb}")),
    };

    /// <summary>A job of higher priority takes workers of this one.</summary>
    private bool IsPreempted => Taker.Length > 0;

    private JobMachine Advance(JobWorker worker, StepReport report)
    {
        if (!IsInGeneration(worker) || Phase is not (Running or Holding or Ending))
        {
            return this;
        }

        var told = this with { Row = Row with { Progress = report.Progress ?? Row.Progress }, Unpublished = true };
        var next = report.Curve.Count > 0 ? told.Say(new WriteCurve([.. report.Curve])) : told;
        return report.Committed is { } state ? next.Commit(state) : next;
    }

    // A committed item proves that every member took part in it, and that what failed before it fails no more.
    private JobMachine Commit(StateId state)
    {
        if (state.Item <= Row.Committed.Item || From is not { } from)
        {
            return this;
        }

        var isFirst = Row.Committed.Item <= from.Item;
        return (isFirst ? Resumed() : this) with
        {
            Unsaved = Unsaved || isFirst,
            Setbacks = Setbacks.Commit(state.Item),
            MayHold = isFirst || MayHold is null ? Incarnations(Members) : MayHold,
            Pool = Team.Where(IsInGeneration).Aggregate(Pool, (pool, member) => pool.SetItem(member.Name, member with { LastSign = Uptime, SuspectedSince = null })),
            Row = Row with { Committed = state, Journal = JournalEntries.Commit(Row.Journal, from, state, Now) },
        };
    }

    private static ImmutableSortedDictionary<string, string> Incarnations(IEnumerable<Member> members) =>
        members.ToImmutableSortedDictionary(member => member.Worker, member => member.Incarnation, StringComparer.Ordinal);

    /// <summary>When all were told to hold, for a change that is under way.</summary>
    private DateTimeOffset? HeldSince { get; init; }

    // The clock of both is this entity's; one that took over knows of no hold.
    private JobMachine Resumed()
    {
        var fault = Row.Journal.LastOrDefault()?.FaultTime?.ToDateTimeOffset();
        return (fault ?? HeldSince) is { } since ? Say(new MeasurePause(fault is not null, Now > since ? Now - since : TimeSpan.Zero)) with { HeldSince = null } : this;
    }

    /// <summary>The state that the row's generation began with, while it is at work.</summary>
    private StateId? From => Phase switch
    {
        Running running => running.From,
        Holding holding => holding.From,
        Fencing fencing => fencing.From,
        _ => null,
    };

    private JobMachine CloseEpoch(EpochReport report) => report.Summary.Epoch == (uint)Row.Epochs.Count + 1
        ? Store(Row with { Epochs = Row.Epochs.Add(report.Summary) })
        : this;
}
