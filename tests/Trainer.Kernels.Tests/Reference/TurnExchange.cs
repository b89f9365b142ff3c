using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Tests.Reference;

/// <summary>The members of one batch, who take turns: who needs a part that is not there yet breaks off, and begins again once it is.</summary>
/// <param name="roots">Of all members, ascending.</param>
public sealed class TurnExchange(IReadOnlyList<ShardRange> roots) : IBatchExchange
{
    private readonly Dictionary<(uint Layer, bool IsBackward, ShardRange Root), float[]> _parts = [];

    public IReadOnlyList<ShardRange> Roots => roots;

    /// <summary>Parts that went from one member to another.</summary>
    public int Brought { get; private set; }

    /// <summary>The roots of members that have as many shards each as can be, in any cut of groups.</summary>
    public static IReadOnlyList<IReadOnlyList<ShardRange>> RootsOf(int members, int shards) =>
        [.. Enumerable.Range(0, members).Select(member => ShardTree.Cover(member * shards / members, (member + 1) * shards / members, shards))];

    /// <summary>Runs every member's part of a step to its end.</summary>
    public static T[] Run<T>(int members, Func<int, T> part)
    {
        var (results, waiting) = (new T[members], Enumerable.Range(0, members).ToList());
        for (var round = 0; waiting.Count > 0; round++)
        {
            Assert.True(round < 100, "The members wait for one another.");
            waiting.RemoveAll(member =>
            {
                try
                {
                    results[member] = part(member);
                    return true;
                }
                catch (OperationCanceledException)
                {
                    return false;
                }
            });
        }

        return results;
    }

    /// <summary>A new step begins.</summary>
    public void Forget() => _parts.Clear();

    public void Gather(GroupParts parts)
    {
        for (var i = 0; i < parts.Parts.Count; i++)
        {
            if (parts.Parts[i].IsOwn)
            {
                var (key, values) = ((parts.Layer, parts.IsBackward, parts.Parts[i].Root), parts.ValuesOf(i).ToArray());
                Assert.True(_parts.TryAdd(key, values) || _parts[key].AsSpan().SequenceEqual(values), $"{key} changed");
            }
        }

        for (var i = 0; i < parts.Parts.Count; i++)
        {
            if (!parts.Parts[i].IsOwn)
            {
                var values = _parts.GetValueOrDefault((parts.Layer, parts.IsBackward, parts.Parts[i].Root)) ?? throw new OperationCanceledException();
                values.CopyTo(parts.ValuesOf(i));
                Brought++;
            }
        }
    }
}
