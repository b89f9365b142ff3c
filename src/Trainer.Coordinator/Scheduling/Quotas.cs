using System.Collections.Immutable;

namespace Trainer.Coordinator.Scheduling;

/// <summary>How many workers the jobs of a user may have together. Jobs that say no creator are one user's, who has no name.</summary>
/// <param name="Default">Of users that have none of their own; null: as many as there are.</param>
public sealed record Quotas(uint? Default, ImmutableSortedDictionary<string, uint> ByUser)
{
    public static readonly Quotas None = new(null, ImmutableSortedDictionary.Create<string, uint>(StringComparer.Ordinal));

    /// <summary>Null: as many as there are.</summary>
    public uint? Of(string user) => ByUser.TryGetValue(user, out var own) ? own : Default;
}

/// <summary>What is left of users' quotas, while it is decided who gets whom.</summary>
internal sealed class QuotaLedger(Quotas quotas)
{
    private readonly Dictionary<string, int> _used = new(StringComparer.Ordinal);

    /// <summary>Never below 0: what jobs have when a quota is lowered they keep.</summary>
    public int Left(string user) => quotas.Of(user) is { } quota ? Math.Max(0, (int)Math.Min(quota, int.MaxValue) - _used.GetValueOrDefault(user)) : int.MaxValue;

    public void Use(string user, int workers) => _used[user] = _used.GetValueOrDefault(user) + workers;

    /// <summary>Whether the user's quota would do, were all of it left.</summary>
    public bool CouldHold(string user, uint workers) => quotas.Of(user) is not { } quota || workers <= quota;
}
