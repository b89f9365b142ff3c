using System.Collections.Immutable;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>How a loss shows: by a peer's word, by its own, by a closed connection without an answer, by silence, by a later life of its process.</summary>
public sealed partial record JobMachine
{
    private const uint UsualRetries = 9;

    private uint Retries => Row.Spec.Cluster is { HasRetries: true } cluster ? cluster.Retries : UsualRetries;

    /// <summary>Of the row's generation; none while it is fenced.</summary>
    private ImmutableList<Fault> Faults { get; init; } = [];

    private Setbacks Setbacks { get; init; } = new();

    /// <summary>Who may hold the last committed state, with the incarnation that may; null: not known, it was committed in an absence of this entity, or lies on disk.</summary>
    private ImmutableSortedDictionary<string, string>? MayHold { get; init; }

    private bool IsAtWork => Phase is Running or Holding;

    private JobMachine BlamePeers(JobWorker worker, Protos.Cluster.Waiting waiting) => waiting.From.Where(peer => peer != worker.Name)
        .Aggregate(this, (machine, peer) => machine.Blame(FaultKind.Waiting, worker.Name, peer, waiting.What, waiting.Item));

    private JobMachine Note(JobWorker worker, Disagreement disagreement) =>
        With(new Fault(Now, FaultKind.Disagreement, worker.Name, "", disagreement.Item, StepNow + 1, "") { Hashes = disagreement.Hashes });

    // The link to a member that has finished closes in good order.
    private JobMachine Accuse(JobWorker worker, LinkLost lost) =>
        Team.FirstOrDefault(member => member.Name == lost.Peer) is { } peer && (peer.Name == worker.Name || IsIn(peer, WorkerPhase.Finished))
            ? this
            : With(new Fault(Now, FaultKind.Link, worker.Name, lost.Peer, lost.Item, lost.Step, lost.Message) { IsCorrupt = lost.Corrupt });

    private JobMachine TakeFailure(JobWorker worker, Failure failure)
    {
        var kind = failure.Kind == Failure.Types.Kind.Unspecified ? Failure.Types.Kind.Exception : failure.Kind;
        var fault = new Fault(Now, FaultKind.Failure, worker.Name, worker.Name, failure.Item, failure.Step, failure.Message) { Failure = kind };
        if (WantsWorkers && VerdictOf(kind, failure.Message) is var (reason, message))
        {
            return Fail(reason, message);
        }

        if (IsAtWork && IsMember(worker) && IsInGeneration(worker))
        {
            return Convict(fault) ?? With(fault).Remember(fault);
        }

        // It failed while it loaded, or alone: the others do without it. Where they train, what it says of data is refuted.
        return Phase is Starting or Running or Holding or Fencing && !IsMember(worker)
            ? (IsRefuted(fault) ? Evict(worker.Name, failure.Message, KindOf(kind)) : Convict(fault) ?? Remember(fault).Evict(worker.Name, failure.Message, KindOf(kind))).Log(fault.Sentence, LogSeverity.Warn)
            : this;
    }

    private static string KindOf(Failure.Types.Kind kind) => kind == Failure.Types.Kind.Corruption ? "corruption" : "failed";

    // It is the job's, whichever worker says so.
    private (string Reason, string Message)? VerdictOf(Failure.Types.Kind kind, string text) => kind switch
    {
        Failure.Types.Kind.OtherData => ("OtherData", $"Job {Row.Verification?.Job} was not computed from this data: {text}"),
        Failure.Types.Kind.Record => ("RecordLost", $"Job {Row.Verification?.Job} cannot be verified: {text}"),
        Failure.Types.Kind.OtherHash => ("OtherHash", $"Job {Row.Verification?.Job} comes to other states here: {text}"),
        _ => null,
    };

    // The same again, in another generation or on another worker, is the job's own fault.
    private JobMachine? Convict(Fault fault) => fault.Failure switch
    {
        Failure.Types.Kind.NotFinite when Setbacks.Remembered.Exists(memory => IsSame(memory.Fault, fault) && memory.Number < Row.Generation.Number) =>
            Fail("Diverged", $"Training diverged at step {fault.Step}: {fault.Text}"),
        Failure.Types.Kind.Exception when Setbacks.Remembered.Find(memory => IsSame(memory.Fault, fault) && memory.Fault.Worker != fault.Worker) is { Fault: { } first } =>
            Fail("WorkersFailed", $"Workers {first.Worker} and {fault.Worker} failed at step {fault.Step}: {fault.Text}"),
        Failure.Types.Kind.Data when Setbacks.Remembered.Exists(memory => memory.Fault.Failure == fault.Failure && (memory.Fault.Worker != fault.Worker || memory.Number < Row.Generation.Number)) =>
            FailByData(fault),
        _ => null,
    };

    private JobMachine FailByData(Fault fault) => Fail("InvalidData", $"The job's data or model cannot be used: {fault.Text}");

    // A worker cannot use the data. Its disk may be at fault, so another is to say the same; but nobody is kept waiting for one that is not there.
    private Fault? UnrefutedData => Setbacks.Remembered.FindLast(memory => memory.Fault.Failure == Failure.Types.Kind.Data) is { Fault: { } fault }
        && Now - fault.Time >= Settings.SecondOpinion && Pool.Values.All(worker => worker.Name == fault.Worker || IsEvicted(worker.Name)) ? fault : null;

    private bool IsRefuted(Fault fault) => fault.Failure == Failure.Types.Kind.Data && IsAtWork;

    private static bool IsSame(Fault one, Fault other) => one.Failure == other.Failure && one.Item == other.Item;

    private JobMachine Remember(Fault fault) => fault.Failure is Failure.Types.Kind.NotFinite or Failure.Types.Kind.Exception or Failure.Types.Kind.Data
        ? this with { Setbacks = Setbacks with { Remembered = Setbacks.Remembered.Add((fault, Row.Generation.Number)) } }
        : this;

    // A later life of a worker holds nothing of what the one before it held.
    private JobMachine Outlive(string worker, string incarnation) => MayHold?.GetValueOrDefault(worker) is { } earlier && string.CompareOrdinal(incarnation, earlier) > 0
        ? this with { MayHold = MayHold.Remove(worker) }
        : this;

    // It is not there any more as the worker that it was: a member takes the generation with it.
    private JobMachine Lose(JobWorker worker, FaultKind kind, string text)
    {
        var next = this with { Pool = Pool.Remove(worker.Name) };
        return IsMember(worker) && IsAtWork ? next.Blame(kind, "", worker.Name, text) : next;
    }

    private JobMachine Blame(FaultKind kind, string reporter, string worker, string text, ulong? item = null) =>
        With(new Fault(Now, kind, reporter, worker, item ?? Row.Committed.Item + 1, StepNow + 1, text));

    private JobMachine With(Fault fault) => this with { Faults = Faults.Add(fault) };

    private JobMachine Connection(ConnectionChanged e)
    {
        var here = Pool.Values.Where(worker => worker.ActorPath.StartsWith(e.Address + "/", StringComparison.Ordinal));
        return here.Aggregate(this, (machine, worker) => machine.With(worker with { SuspectedSince = e.Open ? null : worker.SuspectedSince ?? Uptime }));
    }

    private JobMachine NoticeSilence() => Team.Aggregate(this, (machine, worker) =>
        Uptime - worker.SuspectedSince >= Settings.SuspicionTimeout ? machine.Blame(FaultKind.Closed, "", worker.Name, "")
        : Uptime - worker.LastSign >= Settings.Silence ? machine.Blame(FaultKind.Silent, "", worker.Name, "")
        : machine);

    private JobMachine LateStarters() => Team.Where(worker => !IsIn(worker, WorkerPhase.Training, WorkerPhase.Held, WorkerPhase.Finished))
        .Aggregate(this, (machine, worker) => machine.Blame(FaultKind.Late, "", worker.Name, "")).BeginFence();

    // Who did it is found by the answers to the fence; until then it is said what was seen.
    private JobMachine BeginFence() => BeginFence(Faults[0].Sentence, Faults[0].Time);

    private JobMachine BeginFence(string cause, DateTimeOffset? faultTime)
    {
        var former = Members.ToImmutableSortedDictionary(member => member.Worker, member => member.Incarnation, StringComparer.Ordinal);
        var phase = new Fencing(Number + 1, Uptime, faultTime, cause, From ?? JournalEntries.Start(Row.Journal), former);
        var next = this with { Phase = phase, Number = Number + 1 };
        return Row.State == JobState.Running
            ? next.Move(JobState.Recovering, "WorkerLost", cause)
            : next.SayInRow(cause);
    }
}
