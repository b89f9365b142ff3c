using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>The orders that are due: a function of the state. One that is not obeyed yet is repeated.</summary>
public sealed partial record JobMachine
{
    /// <summary>When an order was last sent, by what makes it another one.</summary>
    private ImmutableDictionary<string, TimeSpan> Sent { get; init; } = ImmutableDictionary<string, TimeSpan>.Empty;

    /// <param name="Key">The same for the same order.</param>
    private sealed record DueOrder(JobWorker To, string Key, Func<IMessage> Message)
    {
        public string Name => $"{To.ActorPath} {To.Incarnation} {Key}";
    }

    private (JobMachine Next, IReadOnlyList<Order> Orders) Remind()
    {
        var due = Due().Where(order => order.To.ActorPath.Length > 0).DistinctBy(order => order.Name).ToList();
        var now = due.Where(order => !Sent.TryGetValue(order.Name, out var at) || Uptime - at >= Settings.Repeat).ToList();
        var sent = due.ToImmutableDictionary(order => order.Name, order => now.Contains(order) ? Uptime : Sent[order.Name]);
        return (this with { Sent = sent }, [.. now.Select(order => new Order(order.To.ActorPath, order.Message()))]);
    }

    private IEnumerable<DueOrder> Due() => Phase switch
    {
        Asking => Pool.Values.Where(worker => worker.Phase == WorkerPhase.Unheard).Select(Query),
        Starting => Enlistments(),
        Running running => [.. Enlistments(), .. Team.Where(worker => !IsInGeneration(worker)).Select(worker => Start(running, worker)), .. Writers(Checkpointing, checkpoint: true), .. Suspects(), .. EpochQueries()],
        Holding holding => [.. Enlistments(), .. Team.Where(worker => !IsIn(worker, WorkerPhase.Held, WorkerPhase.Finished)).Select(Hold), .. Writers(holding.Saving, checkpoint: true), .. Suspects(), .. EpochQueries()],
        Fencing fencing => [.. Enlistments(), .. Fenced(fencing).Where(worker => !fencing.Answers.ContainsKey(worker.Name)).Select(Fence)],
        Ending ending => [.. ending.Saved is null ? Writers(ending.Saving, checkpoint: false) : [], .. Suspects(), .. EpochQueries()],
        _ => [],
    };

    private IEnumerable<DueOrder> Enlistments() => Pool.Values
        .Where(worker => worker.Phase == WorkerPhase.Unheard && !IsMember(worker))
        .Select(worker => new DueOrder(worker, "enlist", () => new Enlist
        {
            Job = Row.Id,
            Worker = worker.Name,
            Incarnation = worker.Incarnation,
            Generation = Authority,
            Spec = Row.Spec,
            Expectation = Row.Verification is { } verified ? Expect(verified) : null,
            Artifacts = Settings.Artifacts,
        }));

    private Expectation Expect(Verification verified) => new()
    {
        Artifacts = Settings.ArtifactsOf(verified.Job),
        FirstItem = verified.FirstItem,
        LastItem = verified.LastItem,
        Recorded = Recorded(verified),
    };

    private IEnumerable<DueOrder> Suspects() => Team.Where(worker => worker.SuspectedSince is not null).Select(Query);

    // Every member keeps all epochs of the job, and sends those that are missing here: one that lives is asked.
    private IEnumerable<DueOrder> EpochQueries() => Team
        .Where(worker => worker.EpochsClosed > Row.Epochs.Count || Phase is Ending ending && (ulong)Row.Epochs.Count < EpochsOf(ending.State)).OrderByDescending(worker => worker.LastSign).Take(1).Select(Query);

    private IEnumerable<DueOrder> Writers(Saving? saving, bool checkpoint) => Team.Where(worker => worker.Name == saving?.Worker).Select(worker => new DueOrder(
        worker, "save " + saving!.Id, () => new Save
        {
            Job = Row.Id,
            Worker = worker.Name,
            Generation = Authority,
            Kind = checkpoint ? Save.Types.Kind.Checkpoint : Save.Types.Kind.Result,
            Id = saving.Id,
            Folder = checkpoint ? Path.Combine(Artifacts, "checkpoints", saving.Id) : Artifacts,
            Forget = { Forgotten.Select(forgotten => forgotten.Folder) },
        }));

    private DueOrder Query(JobWorker worker) => new(
        worker, "query", () => new Query { Job = Row.Id, Worker = worker.Name, Generation = Authority, EpochsKnown = (uint)Row.Epochs.Count });

    private DueOrder Hold(JobWorker worker) => new(worker, $"hold {Number}", () => new Hold { Job = Row.Id, Worker = worker.Name, Generation = Authority });

    private DueOrder Fence(JobWorker worker) => new(worker, $"fence {Number}", () => new Fence { Job = Row.Id, Worker = worker.Name, Generation = Authority });

    private DueOrder Start(Running phase, JobWorker worker) => new(worker, $"start {Number}", () =>
    {
        var start = new Start
        {
            Job = Row.Id,
            Worker = worker.Name,
            Generation = Row.Generation,
            FromItem = phase.From.Item + 1,
            State = phase.From,
            Assignment = Row.Assignment,
            Rank = (uint)Rank(worker.Name),
            Secret = SecretOf(Row.Generation),
            Holders = { phase.Holders },
            Checkpoint = phase.Checkpoint,
            Artifacts = Artifacts,
            StepDeadlineSeconds = Settings.StepDeadline.TotalSeconds,
            Examine = phase.Examine,
            InitFrom = Row.Spec.Training.Init?.From is { } from ? Settings.ArtifactsOf(from.Job) : "",
        };

        // What a checkpoint holds knows its epochs itself, and may know fewer.
        start.Epochs.AddRange(phase.Holders.Count > 0 ? Row.Epochs : []);
        return start;
    });

    private ByteString SecretOf(Generation generation) => ByteString.CopyFrom(SHA256.HashData([.. Secret.Span, .. Encoding.UTF8.GetBytes($"{Row.Id} {generation.Text()}")]));
}
