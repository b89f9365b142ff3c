namespace Trainer.Node.Reduction;

/// <summary>
/// Rank 0's list of who has applied an item, and with which hash. An item is committed once all members have applied it with one hash; nobody waits for that, but
/// rank 0 sends no total of the next item before. So nobody applies an item before the one before it is committed.
/// </summary>
internal sealed class CommitRound(IReadOnlyList<string> names, ulong committed)
{
    private readonly ulong[] _hashes = new ulong[names.Count];
    private readonly ulong[] _items = new ulong[names.Count];

    /// <summary>The highest item that is committed.</summary>
    public ulong Committed { get; private set; } = committed;

    /// <summary>Takes a member's word. True: with it the item after <see cref="Committed"/> is committed.</summary>
    public bool Note(int rank, ulong item, ulong hash)
    {
        if (item != Committed + 1)
        {
            return false;
        }

        (_items[rank], _hashes[rank]) = (item, hash);
        if (!Array.TrueForAll(_items, applied => applied == item) || Array.Exists(_hashes, other => other != hash))
        {
            return false;
        }

        Committed = item;
        return true;
    }

    /// <summary>Who has not yet applied the item after <see cref="Committed"/>.</summary>
    public IEnumerable<string> Behind() => names.Where((_, rank) => _items[rank] != Committed + 1);

    /// <summary>Everybody's hash of the item that all have applied, where they differ; else null.</summary>
    public IReadOnlyDictionary<string, ulong>? Disagreement()
    {
        var all = Array.TrueForAll(_items, applied => applied == Committed + 1);
        return all && Array.Exists(_hashes, hash => hash != _hashes[0])
            ? names.Select((name, rank) => (name, rank)).ToDictionary(member => member.name, member => _hashes[member.rank], StringComparer.Ordinal)
            : null;
    }
}
