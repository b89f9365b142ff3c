using Trainer.Coordinator.Jobs;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Metrics;
using Trainer.Node.Links;
using Trainer.Node.States;
using Trainer.Node.Worker;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Jobs.Simulation;

/// <summary>What must never be, whatever happens: each promise is asked where it could be broken. It sees everything, as nobody in the cluster does.</summary>
internal sealed class Promises(SimulatedCluster cluster)
{
    private const int MostEvents = 300_000;

    private readonly HashSet<(ulong, ulong)> _stored = [];
    private readonly HashSet<(string, GenerationNumber, ulong)> _applied = [];
    private readonly HashSet<ulong> _committed = [0];
    private readonly Dictionary<string, ulong> _committedWithout = new(StringComparer.Ordinal);
    private readonly Dictionary<string, GenerationNumber> _entered = new(StringComparer.Ordinal);

    /// <summary>The highest item that was ever committed.</summary>
    public ulong Highest { get; private set; }

    // ---------- items

    public void NobodyAppliesAnItemBeforeTheOneBeforeIsCommitted(SimulatedWorker worker, ulong item, HeldState? current)
    {
        That(_committed.Contains(item - 1), $"{worker.Incarnation} applies item {item}, and item {item - 1} is not committed");
        That(current == SimulatedWorker.State(item - 1), $"{worker.Incarnation} applies item {item} to the state after item {current?.Item}");
    }

    public void AfterAFenceNothingBecomesCurrent(SimulatedWorker worker, GenerationNumber generation, ulong item)
    {
        That(generation >= worker.Fenced, $"{worker.Incarnation} answered fence {worker.Fenced}, and a state of {generation} became current");
        _applied.Add((worker.Incarnation, generation, item));
    }

    /// <summary>Claims, not counts: whoever says twice that it has applied an item has applied it once.</summary>
    public void CommittedIsWhatAllHaveApplied(Start start, ulong item)
    {
        foreach (var member in start.Assignment.Members)
        {
            That(_applied.Contains((member.Incarnation, GenerationNumber.Of(start.Generation), item)), $"item {item} of {start.Generation} is committed, and {member.Incarnation} has not applied it");
        }

        _committed.Add(item);
        Highest = Math.Max(Highest, item);
        foreach (var other in cluster.Workers.Values.Where(other => start.Assignment.Members.All(member => member.Incarnation != other.Incarnation)))
        {
            _committedWithout[other.Incarnation] = Math.Max(item, _committedWithout.GetValueOrDefault(other.Incarnation));
        }
    }

    // ---------- metrics

    public void EveryTransitionIsCountedFromZero(JobRow row)
    {
        var (to, reason) = (ControlMetrics.StateLabel(row.Transitions[^1].State), row.Transitions[^1].Reason);
        That(KnownTransitions.All.Contains((to, reason)), $"{reason} leads to {to}, which KnownTransitions lacks");
    }

    // ---------- orders

    public void GenerationsOnlyGrow(JobRow before, JobRow after)
    {
        That(Generations.Compare(after.Generation, before.Generation) >= 0, $"generation {after.Generation} follows {before.Generation}");
        That(after.Term >= before.Term, $"term {after.Term} follows {before.Term}");
        _stored.Add((after.Generation.Term, after.Generation.Number));
    }

    public void GenerationsOnlyGrow(SimulatedWorker worker, GenerationNumber? before, Start start)
    {
        var number = GenerationNumber.Of(start.Generation);
        That(!_entered.TryGetValue($"{worker.Incarnation}", out var entered) || number > entered || before is null && number >= worker.Fenced && number > entered,
            $"{worker.Incarnation} enters {number} after {entered}");
        _entered[worker.Incarnation] = number;
    }

    public void AStartIsStoredBeforeItIsSent(Start start)
    {
        That(_stored.Contains((start.Generation.Term, start.Generation.Number)), $"{start.Generation} is sent and not stored");
        That(start.State.Item == start.FromItem - 1, $"{start.Generation} begins with item {start.FromItem} and the state after {start.State.Item}");
    }

    /// <summary>Asked when it is sent: what is known then by those who live and are to go on.</summary>
    public void WhoIsNamedAsAHolderHoldsIt(Start start)
    {
        var from = start.FromItem - 1;
        That(from == 0 || start.Holders.Count > 0 || start.Checkpoint?.State.Item == from, $"nobody holds item {from} of {start.Generation}");
        foreach (var holder in start.Holders.Select(holder => cluster.Life(holder.Incarnation)!).Where(life => life.IsAlive && life.Membership?.Number <= GenerationNumber.Of(start.Generation)))
        {
            That(holder.Holds(from) || holder.Committed > from, $"{holder.Incarnation} does not hold {from} of {start.Generation}");
        }
    }

    public void NobodyGoesBackBehindWhatItKnows(SimulatedWorker worker, Start start) => That(
        worker.Committed < start.FromItem || !worker.Holds(worker.Committed),
        $"{worker.Incarnation} holds {worker.Committed} and knows it to be committed, and is told to go on from {start.FromItem - 1} in {start.Generation}");

    public void ARepeatedOrderChangesNothing(WorkerMachine machine, Ordered order, Vitals now)
    {
        var (next, actions) = machine.Decide(order, now);
        That((next.Phase, next.Job, next.Authority, next.Generation) == (machine.Phase, machine.Job, machine.Authority, machine.Generation), $"the same {order.Order.Descriptor.Name} again leads to {next.Phase} {next.Generation}");
        That(!actions.Any(action => action is BeginJob or EnterGeneration or BeginTraining or SaveState or EndJob), $"the same {order.Order.Descriptor.Name} again begins something");
    }

    public void ARepeatedReportChangesNothing(JobMachine machine, Reported report)
    {
        var next = machine.Decide(report).Next;
        That(
            next.Phase.GetType() == machine.Phase.GetType() && next.Row.Generation.Equals(machine.Row.Generation) && next.Row.Committed.Equals(machine.Row.Committed) && next.Row.Journal.SequenceEqual(machine.Row.Journal)
                && next.Row.Epochs.SequenceEqual(machine.Row.Epochs) && next.Row.Checkpoints.SequenceEqual(machine.Row.Checkpoints) && next.Row.State == machine.Row.State,
            $"the same {report.Report.ReportCase} of {report.Report.Worker} again leads from {machine.Phase.GetType().Name} to {next.Phase.GetType().Name}, {next.Row.Committed}");
    }

    // ---------- states

    public void NoStateIsDroppedBeforeItsDismissal(SimulatedWorker leaver)
    {
        var held = leaver.Current is { } current ? Math.Min(current.Item, leaver.Committed) : 0;
        That(
            held == 0 || cluster.Stored.HasEnded || _committedWithout.GetValueOrDefault(leaver.Incarnation) >= held || IsElsewhere(leaver, held),
            $"{leaver.Incarnation} lets go of the state after item {held}, which nobody else has, and no generation without it has committed an item");
    }

    public void NoStateIsDroppedThatIsNeeded(SimulatedWorker worker, Start start)
    {
        var from = start.FromItem - 1;
        That(from == 0 || start.Holders.Count > 0 || start.Checkpoint?.State.Item == from, $"{worker.Incarnation} drops what it holds, and nobody has {from}");
        NoStateIsDroppedBeforeItsDismissal(worker);
    }

    public void EveryItemCountsOnce(JobRow row, ulong upTo)
    {
        That(row.Journal.Aggregate(0ul, (sum, entry) => sum + entry.Items) == upTo, $"the journal has not {upTo} items: {string.Join("; ", row.Journal.Select(entry => $"{entry.Generation} from {entry.FromItem}: {entry.Items}"))}");
        That(row.Journal.Aggregate(0ul, (sum, entry) => sum + entry.Samples) == 3 * upTo, "the journal has not all samples once");
    }

    public void NothingWaitsForEver(JobRow row)
    {
        var last = SimulatedWorker.State(cluster.Items).Hash;
        That(row.State == JobState.Succeeded, $"the job is {row.State}: {row.Message}");
        That(row.Result?.WeightsSha256 == $"{last}", "its result is not the state after the last item");
        EveryItemCountsOnce(row, cluster.Items);
    }

    public void TheClusterComesToRest(int events) => That(events < MostEvents, $"{MostEvents} events have happened");

    private bool IsElsewhere(SimulatedWorker leaver, ulong item) =>
        cluster.Stored.Checkpoints.Exists(checkpoint => checkpoint.State.Item >= item && cluster.Disk.ContainsKey(checkpoint.Folder))
        || cluster.Workers.Values.Any(other => other != leaver && other.IsAlive && (other.Holds(item) || other.Current is { } held && held.Item > item));

    private void That(bool holds, string otherwise, [System.Runtime.CompilerServices.CallerMemberName] string promise = "")
    {
        if (!holds)
        {
            throw new BrokenPromiseException($"{promise}: {otherwise} (at {cluster.Time.TotalSeconds:0.00} s)");
        }
    }
}

internal sealed class BrokenPromiseException(string message) : Exception(message);
