using System.Collections.Immutable;
using Trainer.Hosting.Metrics;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>Who serves the job: who comes in, who goes, and what they have to say.</summary>
public sealed partial record JobMachine
{
    private IReadOnlyList<Member> Members => Row.Assignment is { } assignment ? assignment.Members : [];

    /// <summary>The members of the row's generation that have not been lost, by rank.</summary>
    private IEnumerable<JobWorker> Team => Members.Select(member => Pool.GetValueOrDefault(member.Worker))
        .Where(worker => worker is not null && IsMember(worker))!;

    private bool IsMember(JobWorker worker) => Members.Any(member => member.Worker == worker.Name && member.Incarnation == worker.Incarnation);

    private bool IsInGeneration(JobWorker worker) => Generations.Compare(worker.Generation, Row.Generation) == 0;

    /// <summary>It lives, and can take part in a new generation.</summary>
    private bool IsReady(JobWorker worker) => worker.ReadySince is not null && Uptime - worker.LastSign < Settings.Silence
        && worker.Status.LinkEndpoints.Count > 0 && !worker.Status.Leaving && !IsEvicted(worker.Name);

    private bool IsAimedAt(string worker) => Target?.ContainsKey(worker) == true;

    private JobMachine With(JobWorker worker) => this with { Pool = Pool.SetItem(worker.Name, worker) };

    private JobMachine Hear(WorkerReport report, string sender)
    {
        if (report.ReportCase == WorkerReport.ReportOneofCase.Log)
        {
            return Say(new WriteLog(report.Worker, report.Log.Message, Now, report.Log.Level == LogSeverity.Unspecified ? LogSeverity.Info : report.Log.Level));
        }

        // A higher term is another entity's; a generation of the own term that this one never made is of before an older store was put back.
        if (report.Generation is { } theirs && (theirs.Term > Row.Term || Phase is Asking or Fencing && Generations.Compare(theirs, Authority) > 0))
        {
            return Say(new BeginAnew(theirs.Term));
        }

        var known = Pool.GetValueOrDefault(report.Worker);
        if (known is not null && report.Incarnation != known.Incarnation)
        {
            return LaterLife(report.Incarnation, known) ? Outlive(report.Worker, report.Incarnation).Lose(known, FaultKind.Reborn, "").Hear(report, sender) : this;
        }

        if (report.ReportCase == WorkerReport.ReportOneofCase.Busy)
        {
            return known is null ? this : Lose(known, FaultKind.Gone, report.Busy.Job);
        }

        if (known is { HasState: true } && Generations.Compare(report.Generation, known.Generation) < 0)
        {
            return With(known with { LastSign = Uptime, SuspectedSince = null }); // Said before it entered the generation that it is known to be in.
        }

        return known is not null || MayServe(report)
            ? (known ?? JobWorker.Of(report, sender, Uptime)).Hear(report, sender, Uptime) is var heard ? With(heard).Take(heard, report) : this
            : Dismiss(report, sender);
    }

    // Who says that it serves the job, and is unknown: it may hold what is looked for, or be one whom the scheduler is about to name.
    private bool MayServe(WorkerReport report) => WantsWorkers && Phase is not Ending && (
        Target is null || Phase is Asking or Fencing || IsAimedAt(report.Worker) && !IsEvicted(report.Worker)
        || Generations.CommittedIn(report) > Row.Committed.Item);

    private JobMachine Take(JobWorker worker, WorkerReport report) => report.ReportCase switch
    {
        WorkerReport.ReportOneofCase.Step => Advance(worker, report.Step),
        WorkerReport.ReportOneofCase.Epoch => CloseEpoch(report.Epoch),
        WorkerReport.ReportOneofCase.Held => IsInGeneration(worker) ? Commit(report.Held.State) : this,
        WorkerReport.ReportOneofCase.Finished => IsInGeneration(worker) ? Commit(report.Finished.State) : this,
        WorkerReport.ReportOneofCase.Fenced => IsAtWork && IsMember(worker) && IsInGeneration(worker)
            ? BeginFence($"The coordinator before this one had worker {worker.Name} stop.", faultTime: null)
            : Unfold(worker, report.Fenced),
        WorkerReport.ReportOneofCase.Standby => Unfold(
            worker, new Fenced { Held = { report.Standby.Held }, Committed = report.Standby.Committed, Fence = report.Standby.Authority }), // It never entered.
        WorkerReport.ReportOneofCase.Saved => TakeSaved(report.Saved),
        WorkerReport.ReportOneofCase.Room => IsInGeneration(worker) ? TakeRoom(report.Room) : this,
        WorkerReport.ReportOneofCase.RecordFailed => Enum.TryParse<ArtifactFailure>(report.RecordFailed.What, ignoreCase: true, out var failure) ? Say(new CountFailure(failure)) : this,
        WorkerReport.ReportOneofCase.SaveFailed => TakeSaveFailed(worker, report.SaveFailed.Id, report.SaveFailed.Message),
        WorkerReport.ReportOneofCase.Failure => TakeFailure(worker, report.Failure),
        WorkerReport.ReportOneofCase.LinkLost => AtWork(worker, () => Accuse(worker, report.LinkLost)),
        WorkerReport.ReportOneofCase.Waiting => AtWork(worker, () => BlamePeers(worker, report.Waiting)),
        WorkerReport.ReportOneofCase.Stuck => AtWork(worker, () => Blame(FaultKind.Stuck, worker.Name, worker.Name, report.Stuck.Operation)),
        WorkerReport.ReportOneofCase.Disagreement => AtWork(worker, () => Note(worker, report.Disagreement)),
        WorkerReport.ReportOneofCase.Started or WorkerReport.ReportOneofCase.Alive => this, // The pool has heard it.
        _ => throw new ArgumentOutOfRangeException(nameof(report), report.ReportCase, "A report that nobody handles."),
    };

    // What is said of the generation that trains, by one of it.
    private JobMachine AtWork(JobWorker worker, Func<JobMachine> take) => IsAtWork && IsMember(worker) && IsInGeneration(worker) ? take() : this;

    // Whoever serves a job that has ended, or that does without it, may stop.
    private JobMachine Dismiss(WorkerReport report, string sender)
    {
        if (sender.Length == 0)
        {
            return this;
        }

        var generation = Generations.Compare(report.Generation, Authority) > 0 ? report.Generation! : Authority;
        return Say(Release(sender, report.Worker, generation, Row.HasEnded ? Row.Message : "The job goes on without this worker."));
    }

    // Whom the scheduler names is enlisted; the orders follow.
    private JobMachine Recruit() => Phase is Starting or Running or Holding or Fencing && Target is not null
        ? Target.Values.Where(IsWelcome).Aggregate(this, (machine, status) => machine.SayLastEnd(status).With(JobWorker.Of(status, Uptime)))
        : this;

    // Why its connection closed, where this job lost it: only whoever started its process again knows.
    private JobMachine SayLastEnd(WorkerStatus status) => status.LastEnd.Length == 0 || Ends.GetValueOrDefault(status.Worker).Incarnation == status.Incarnation || !HasLost(status) ? this
        : (this with { Ends = Ends.SetItem(status.Worker, (status.Incarnation, status.LastEnd)) }).Log($"The process of worker {status.Worker} before this one {status.LastEnd}.");

    private bool HasLost(WorkerStatus status) => Row.Journal.Any(entry => entry.Members.Any(member => member.Worker == status.Worker)) || Members.Any(member => member.Worker == status.Worker);

    /// <summary>How workers that this job had ended, by name: with the incarnation that said so.</summary>
    private ImmutableSortedDictionary<string, (string Incarnation, string How)> Ends { get; init; } =
        ImmutableSortedDictionary.Create<string, (string, string)>(StringComparer.Ordinal);

    // Who loaded, or was ready, and says nothing any more may have been released meanwhile, by an order that came late: it is enlisted again.
    private JobMachine Reenlist() => Pool.Values.Where(worker => !IsMember(worker) && worker.Phase is WorkerPhase.Loading or WorkerPhase.Standby && Uptime - worker.LastSign >= Settings.Silence)
        .Aggregate(this, (machine, worker) => machine.With(worker with { Phase = WorkerPhase.Unheard, ReadySince = null }));

    private bool IsWelcome(WorkerStatus status) => status.ActorPath.Length > 0 && !status.Leaving && !Pool.ContainsKey(status.Worker) && !IsEvicted(status.Worker)
        && (status.Job.Length == 0 || status.Job == Row.Id);

    // Who is no member and no longer named goes; where it has a state, not before the generation without it has committed an item.
    private JobMachine Shed() => Phase is Waiting or Starting or Running or Holding && Target is not null
        ? Pool.Values.Where(IsDispensable).Aggregate(this, (machine, worker) => machine.Part(worker, "The job goes on without this worker."))
        : this;

    private bool IsDispensable(JobWorker worker) => !IsMember(worker) && (!IsAimedAt(worker.Name) || IsEvicted(worker.Name))
        && (Phase is not Waiting || worker.Phase is WorkerPhase.Loading or WorkerPhase.Standby) // What others hold may be all that there is.
        && !(worker.HasState && (worker.Committed > Row.Committed.Item || Phase is Running running && Row.Committed.Item <= running.From.Item));

    // Of whom nothing was heard yet, it is not known what it holds: its first word is judged, and answered with a Release where it is not needed.
    private JobMachine Part(JobWorker worker, string reason)
    {
        var next = this with { Pool = Pool.Remove(worker.Name) };
        return worker.Phase == WorkerPhase.Unheard ? next : next.Say(Release(worker.ActorPath, worker.Name, Authority, reason));
    }

    private JobMachine ReleaseAll(string reason) => Pool.Values.Aggregate(this, (machine, worker) => machine.Part(worker, reason));

    private Order Release(string actorPath, string worker, Generation generation, string reason) =>
        new(actorPath, new Release { Job = Row.Id, Worker = worker, Generation = generation, Reason = reason });

    // Nothing is known any more of a generation; what there is, is on disk.
    private JobMachine GiveUpWorkers(string reason) => ReleaseAll(reason) with
    {
        Phase = new Waiting(),
        Row = Row with { Assignment = null },
        Faults = [],
        Checkpointing = null,
    };
}
