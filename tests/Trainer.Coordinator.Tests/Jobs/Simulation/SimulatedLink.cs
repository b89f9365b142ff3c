namespace Trainer.Coordinator.Tests.Jobs.Simulation;

internal enum FrameKind
{
    Contribution,
    Total,
    Applied,
    Committed,
}

/// <param name="Rank">Of the sender.</param>
/// <param name="Hold">The sender knows that the generation is to end.</param>
internal sealed record Frame(FrameKind Kind, int Rank, ulong Item, ulong Hash, bool Hold);

/// <summary>A link between two members of a generation: frames arrive in order, after a while, as long as it is open.</summary>
internal sealed class SimulatedLink(SimulatedCluster cluster, SimulatedMembership lower, SimulatedMembership higher)
{
    private readonly TimeSpan[] _last = new TimeSpan[2];

    public bool IsOpen { get; private set; } = true;

    public bool IsOf(SimulatedWorker one, SimulatedWorker other) => (lower.Worker, higher.Worker) == (one, other) || (lower.Worker, higher.Worker) == (other, one);

    public void Send(SimulatedMembership from, Frame frame)
    {
        var (direction, to) = from == lower ? (0, higher) : (1, lower);
        var at = cluster.Time + cluster.Delay(0.02);
        _last[direction] = at > _last[direction] ? at : _last[direction];
        cluster.At(_last[direction], to.Worker, () =>
        {
            if (IsOpen && !to.IsOver)
            {
                to.Arrive(frame);
            }
        });
    }

    /// <param name="by">Who closed it, and knows; null: the network.</param>
    public void Close(SimulatedMembership? by)
    {
        if (!IsOpen)
        {
            return;
        }

        IsOpen = false;
        foreach (var (end, peer) in new[] { (lower, higher.Rank), (higher, lower.Rank) }.Where(end => end.Item1 != by))
        {
            cluster.At(cluster.Time + cluster.Delay(0.3), end.Worker, () => end.LoseLink(peer));
        }
    }
}
