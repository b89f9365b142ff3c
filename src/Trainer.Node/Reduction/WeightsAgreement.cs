namespace Trainer.Node.Reduction;

/// <summary>Whether all members start a step from the same weights: the owner of chunk 0 compares the hashes in their headers.</summary>
internal sealed class WeightsAgreement(IReadOnlyList<string> names)
{
    private readonly ulong[] _hashes = new ulong[names.Count];

    public void Note(int rank, ulong hash) => _hashes[rank] = hash;

    /// <summary>Who has which hash, once all members were noted for the step; null where all agree.</summary>
    public string? Disagreement() => Array.TrueForAll(_hashes, hash => hash == _hashes[0])
        ? null
        : string.Join(", ", names.Select((name, rank) => $"{name} has {_hashes[rank]:x16}"));
}
