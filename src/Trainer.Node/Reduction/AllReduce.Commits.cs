using Akka.Actor;
using Trainer.Node.Links;

namespace Trainer.Node.Reduction;

/// <summary>Who has applied what, and what is committed; and what a member waits for.</summary>
internal sealed partial class AllReduce
{
    private void Apply(ulong item, ulong stateHash)
    {
        if (_setup.Rank == 0)
        {
            NoteApplied(_setup.Rank, item, stateHash);
        }
        else
        {
            _links[0]!.Tell(new PeerLink.Send(Header(FrameKind.Applied, 0) with { Item = item, StateHash = stateHash }, default));
        }
    }

    private void TakeCommit(in FrameHeader header)
    {
        if (header.Kind == FrameKind.Committed)
        {
            _setup.Committed(header.Item);
        }
        else if (_setup.Rank == 0)
        {
            NoteApplied(header.Rank, header.Item, header.StateHash);
        }
    }

    private void NoteApplied(int rank, ulong item, ulong stateHash)
    {
        if (_commits.Note(rank, item, stateHash))
        {
            Commit(item);
        }
        else if (_commits.Disagreement() is { } hashes)
        {
            Context.Parent.Tell(new Disagreed(_setup.Generation, item, hashes));
        }
    }

    private void Commit(ulong item)
    {
        var header = Header(FrameKind.Committed, 0) with { Item = item };
        for (var rank = 1; rank < _links.Length; rank++)
        {
            _links[rank]!.Tell(new PeerLink.Send(header, default));
        }

        _setup.Committed(item);
        while (_withheld.TryDequeue(out var chunk))
        {
            Announce(chunk);
        }
    }

    private void SayWhatIsMissing()
    {
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        if (_exchange is { } parts)
        {
            missing.UnionWith(MissingParts(parts));
            Context.Parent.Tell(new Missing(_setup.Generation, _step.Item, "parts of batch norm groups", [.. missing]));
            return;
        }

        var what = "totals";
        foreach (var chunk in AllChunks().Where(chunk => !_step.HasTotal(chunk)))
        {
            if (!Owns(chunk))
            {
                missing.Add(Plan.Names[Plan.Owner(chunk)]);
            }
            else if (!_withheld.Contains(chunk))
            {
                missing.UnionWith(Contributors(chunk).Select(rank => Plan.Names[rank]));
                what = "contributions";
            }
        }

        if (missing.Count == 0)
        {
            what = "the word that an item is committed";
            missing.UnionWith(_setup.Rank == 0 ? _commits.Behind() : [Plan.Names[0]]);
        }

        Context.Parent.Tell(new Missing(_setup.Generation, _step.Item, what, [.. missing]));
    }

    private IEnumerable<uint> AllChunks() => Enumerable.Range(0, _step.Plan.Chunks).Select(chunk => (uint)chunk).Append(FrameHeader.Statistics);

    private IEnumerable<int> Contributors(uint chunk) => chunk == FrameHeader.Statistics
        ? _statistics.Missing()
        : _owned[chunk]!.Missing(_step.Plan.Owed);
}
