using Trainer.Kernels.Devices.Cpu;

namespace Trainer.Node.Reduction;

/// <summary>
/// What a member's gradients and totals of an item are to be: the hash of each chunk, made when the chunk was. Outlives the generation, as the buffers do: after a payload came
/// to a peer that is not what it should be, its sender finds out whether it was its own memory.
/// </summary>
/// <param name="hashed">Null: nobody changes memory.</param>
internal sealed class PayloadHashes(AllReducePlan plan, GradientBuffers buffers, MemoryHashed? hashed = null)
{
    private readonly ulong[] _parts = new ulong[buffers.Roots.Count * plan.Chunks];
    private readonly ulong[] _totals = new ulong[plan.Chunks];
    private readonly List<(uint Layer, Memory<float> Values, ulong Hash)> _groupParts = [];

    /// <summary>Of each chunk's total; 0: it is not there.</summary>
    public ReadOnlyMemory<ulong> Totals => _totals;

    /// <summary>An item begins, and will write over the buffers.</summary>
    public void Clear()
    {
        Array.Clear(_parts);
        Array.Clear(_totals);
        _groupParts.Clear();
    }

    /// <summary>A chunk of a root's gradient is complete.</summary>
    public void MadePart(int root, int chunk) => _parts[(root * plan.Chunks) + chunk] = Hash(HashedMemory.Contribution, Slice(buffers.Roots[root], chunk));

    /// <summary>What <see cref="MadePart"/> found.</summary>
    public ulong OfPart(int root, int chunk) => _parts[(root * plan.Chunks) + chunk];

    /// <summary>A chunk's total is there.</summary>
    public ulong MadeTotal(int chunk) => _totals[chunk] = Hash(HashedMemory.Total, Slice(buffers.Total, chunk));

    /// <summary>The own part of a batch norm group is complete, and stays as it is until the item's totals are there.</summary>
    public ulong MadeGroupPart(uint layer, Memory<float> values)
    {
        var hash = Hash(HashedMemory.BatchNormPart, values.Span);
        _groupParts.Add((layer, values, hash));
        return hash;
    }

    /// <summary>A chunk that has changed since; null: none. Nobody may be writing meanwhile.</summary>
    public string? FindChanged()
    {
        for (var chunk = 0; chunk < plan.Chunks; chunk++)
        {
            for (var root = 0; root < buffers.Roots.Count; root++)
            {
                if (IsChanged(_parts[(root * plan.Chunks) + chunk], buffers.Roots[root], chunk))
                {
                    return $"The gradient of chunk {chunk}";
                }
            }

            if (IsChanged(_totals[chunk], buffers.Total, chunk))
            {
                return $"The total of chunk {chunk}";
            }
        }

        var parts = _groupParts.FindIndex(part => HostHash.Of(part.Values.Span) != part.Hash);
        return parts < 0 ? null : $"A part for batch norm layer {_groupParts[parts].Layer}";
    }

    private ulong Hash(HashedMemory what, Span<float> values)
    {
        var hash = HostHash.Of(values);
        hashed?.Invoke(what, values);
        return hash;
    }

    private bool IsChanged(ulong hash, Memory<float> values, int chunk) => hash != 0 && HostHash.Of(Slice(values, chunk)) != hash;

    private Span<float> Slice(Memory<float> flat, int chunk)
    {
        var (offset, length) = plan.Extent(chunk);
        return flat.Span.Slice(offset, length);
    }
}
