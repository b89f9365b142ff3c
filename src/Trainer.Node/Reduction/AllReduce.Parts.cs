using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Sharding;
using Trainer.Node.Links;

namespace Trainer.Node.Reduction;

/// <summary>Parts of batch norm groups that members share: every member sends its own to all who share the group, and waits for theirs.</summary>
/// <remarks>A peer may be a layer ahead: its part waits until the training thread comes to that layer. A part is claimed once, before it is written.</remarks>
internal sealed partial class AllReduce
{
    private readonly Dictionary<(uint Chunk, ShardRange Root), FrameArrived> _partsAhead = [];
    private readonly HashSet<(uint Chunk, ShardRange Root)> _claimedParts = [];
    private GroupParts? _exchange;
    private ulong[] _partHashes = [];
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

    private void ExchangeParts(PartsReady ready)
    {
        _step.Contributed();
        var parts = ready.Parts;
        (_exchange, _partHashes, _missingParts) = (parts, ready.Hashes, parts.Parts.Count(part => !part.IsOwn));
        for (var i = 0; i < parts.Parts.Count; i++)
        {
            if (parts.Parts[i].IsOwn)
            {
                SendPart(parts, i);
            }
            else if (_partsAhead.Remove((ChunkOf(parts), parts.Parts[i].Root), out var frame))
            {
                FillIn(i, frame.Header, frame.Payload);
            }
        }

        FinishParts();
    }

    private void SendPart(GroupParts parts, int own)
    {
        var header = Header(FrameKind.GroupPart, ChunkOf(parts)) with { Root = parts.Parts[own].Root, PayloadHash = _partHashes[own] };
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
            FillIn(index, header, payload);
            FinishParts();
        }
        else
        {
            _partsAhead.Add((header.Chunk, header.Root), new FrameArrived(header, payload));
        }
    }

    private void FillIn(int part, in FrameHeader header, Lease payload)
    {
        var parts = _exchange!;
        var values = payload.GetSpan();
        if (values.Length == parts.PartElements)
        {
            values.CopyTo(parts.ValuesOf(part).Span);
            TakePart(part, header);
        }
        else
        {
            Fail($"{Plan.Names[header.Rank]} sent {values.Length} elements of shards {parts.Parts[part].Root} for layer {parts.Layer}; it owes {parts.PartElements}");
        }

        payload.Release();
    }

    // It is looked at where it lies, and once more before it is folded.
    private void TakePart(int part, in FrameHeader header)
    {
        _partHashes[part] = HostHash.Of(_exchange!.ValuesOf(part).Span);
        if (_partHashes[part] == header.PayloadHash)
        {
            _missingParts--;
        }
        else
        {
            Distrust(header.Rank, $"The part of shards {header.Root} for batch norm layer {header.Chunk / 2}");
        }
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
        foreach (var frame in _partsAhead.Values)
        {
            frame.Payload.Release();
        }

        _partsAhead.Clear();
    }

    private int RankOf(ShardRange root) => Plan.RankOf(Array.IndexOf(Plan.Ranges, root));

    private static int IndexOf(GroupParts parts, ShardRange root) => parts.Parts.ToList().FindIndex(part => part.Root == root && !part.IsOwn);
}
