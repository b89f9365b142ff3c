using Akka.Actor;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Training;
using Trainer.Node.Links;

namespace Trainer.Node.Reduction;

/// <summary>The parts of a chunk that a member owns, until all are there and can be folded. Used again every step.</summary>
internal sealed class ChunkSum(AllReducePlan plan)
{
    private readonly Memory<float>[] _parts = new Memory<float>[plan.Ranges.Length];
    private readonly Lease?[] _leases = new Lease?[plan.Ranges.Length];
    private readonly ulong[] _hashes = new ulong[plan.Ranges.Length];
    private readonly bool[] _filled = new bool[plan.Ranges.Length];
    private readonly int[] _received = new int[plan.Members];
    private int _missing;

    public bool IsComplete => _missing == 0;

    public void Begin(int expected)
    {
        Drop();
        _missing = expected;
        Array.Clear(_parts);
        Array.Clear(_filled);
        Array.Clear(_received);
    }

    /// <summary>A member without samples.</summary>
    public void AddEmpty(int rank)
    {
        _received[rank]++;
        _missing--;
    }

    /// <summary>The ranks of which something is missing.</summary>
    /// <param name="owed">Frames that each owes.</param>
    public IEnumerable<int> Missing(IReadOnlyList<int> owed) => Enumerable.Range(0, _received.Length).Where(rank => _received[rank] < owed[rank]);

    /// <param name="hash">That the part should have.</param>
    /// <param name="lease">What the part lies in; null for the owner's own gradient.</param>
    /// <returns>False: the part is there already.</returns>
    public bool Add(int range, Memory<float> part, ulong hash, Lease? lease)
    {
        if (_filled[range])
        {
            return false;
        }

        (_parts[range], _hashes[range], _leases[range], _filled[range]) = (part, hash, lease, true);
        _received[plan.RankOf(range)]++;
        _missing--;
        return true;
    }

    /// <summary>The batch's gradient: tree sum over the shards, divided by the samples. False where it is not finite.</summary>
    /// <param name="read">The hashes of the parts as they were folded.</param>
    /// <param name="rounded">So many elements of it, from the first on, are rounded to bfloat16.</param>
    public bool Fold(int samples, Span<float> total, RunningHashes read, int rounded) =>
        GradientTree.Fold(_parts, plan.Ranges, plan.Shards, samples, total, read, rounded);

    /// <summary>The first part that was not folded as its sender made it; -1: none.</summary>
    public int FindSpoilt(RunningHashes read)
    {
        for (var range = 0; range < _parts.Length; range++)
        {
            if (_filled[range] && read.Of(range) != _hashes[range])
            {
                return range;
            }
        }

        return -1;
    }

    /// <summary>Gives the peers' buffers back, and their credit.</summary>
    public void Release(IReadOnlyList<IActorRef?> links)
    {
        for (var range = 0; range < _leases.Length; range++)
        {
            if (_leases[range] is { } lease)
            {
                links[plan.RankOf(range)]!.Tell(new PeerLink.Consumed(lease.Length));
            }
        }

        Drop();
    }

    public void Drop()
    {
        for (var range = 0; range < _leases.Length; range++)
        {
            _leases[range]?.Release();
            _leases[range] = null;
        }
    }
}
