using Trainer.Kernels.Sharding;
using Trainer.Node.Links;

namespace Trainer.Node.Reduction;

/// <summary>Parts of batch norm groups that members share: every member sends its own to all who share the group, and waits for theirs.</summary>
/// <remarks>A peer may be a layer ahead: its part waits until the training thread comes to that layer. A part is claimed once, before it is written.</remarks>
internal sealed partial class AllReduce
{
    private readonly Dictionary<(uint Chunk, ShardRange Root), Lease> _partsAhead = [];
    private readonly HashSet<(uint Chunk, ShardRange Root)> _claimedParts = [];
    private GroupParts? _exchange;
    private int _missingParts;

    private static uint ChunkOf(GroupParts parts) => (2 * parts.Layer) + (parts.IsBackward ? 1u : 0);

    private void BeginParts()
    {
        _exchange = null;
        _claimedParts.Clear();
        if (_partsAhead.Count > 0)
        {
            Fail($"parts of {_partsAhead.Count} batch norm groups came that nobody here has to do with");
            DropParts();
        }
    }

    private void ExchangeParts(GroupParts parts)
    {
        _step.Contributed();
        (_exchange, _missingParts) = (parts, parts.Parts.Count(part => !part.IsOwn));
        for (var i = 0; i < parts.Parts.Count; i++)
        {
            if (parts.Parts[i].IsOwn)
            {
                SendPart(parts, i);
            }
            else if (_partsAhead.Remove((ChunkOf(parts), parts.Parts[i].Root), out var lease))
            {
                FillIn(i, RankOf(parts.Parts[i].Root), lease);
            }
        }

        FinishParts();
    }

    private void SendPart(GroupParts parts, int own)
    {
        var header = Header(FrameKind.GroupPart, ChunkOf(parts)) with { Root = parts.Parts[own].Root };
        var sharers = parts.Parts.Where(part => !part.IsOwn && part.Group == parts.Parts[own].Group).Select(part => RankOf(part.Root)).Distinct();
        foreach (var rank in sharers)
        {
            Send(rank, header, parts.ValuesOf(own));
        }
    }

    private void TakePart(in FrameHeader header, Lease payload)
    {
        if (!_claimedParts.Add((header.Chunk, header.Root)))
        {
            payload.Release();
            Fail($"{Plan.Names[header.Rank]} sent the part of shards {header.Root} for layer {header.Chunk / 2} twice");
        }
        else if (_exchange is { } parts && ChunkOf(parts) == header.Chunk && IndexOf(parts, header.Root) is var index and >= 0)
        {
            FillIn(index, header.Rank, payload);
            FinishParts();
        }
        else
        {
            _partsAhead.Add((header.Chunk, header.Root), payload);
        }
    }

    private void FillIn(int part, int rank, Lease payload)
    {
        var parts = _exchange!;
        var values = payload.GetSpan();
        if (values.Length == parts.PartElements)
        {
            values.CopyTo(parts.ValuesOf(part).Span);
            _missingParts--;
        }
        else
        {
            Fail($"{Plan.Names[rank]} sent {values.Length} elements of shards {parts.Parts[part].Root} for layer {parts.Layer}; it owes {parts.PartElements}");
        }

        payload.Release();
    }

    private void FinishParts()
    {
        if (_missingParts == 0)
        {
            _exchange = null;
            _setup.Waiter.CompleteParts();
        }
    }

    /// <summary>Whose parts the training thread waits for.</summary>
    private IEnumerable<string> MissingParts(GroupParts parts) => parts.Parts
        .Where(part => !part.IsOwn && !_claimedParts.Contains((ChunkOf(parts), part.Root))).Select(part => Plan.Names[RankOf(part.Root)]);

    private void DropParts()
    {
        foreach (var lease in _partsAhead.Values)
        {
            lease.Release();
        }

        _partsAhead.Clear();
    }

    private int RankOf(ShardRange root) => Plan.RankOf(Array.IndexOf(Plan.Ranges, root));

    private static int IndexOf(GroupParts parts, ShardRange root) => parts.Parts.ToList().FindIndex(part => part.Root == root && !part.IsOwn);
}
