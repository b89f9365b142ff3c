using Trainer.Node.Links;

namespace Trainer.Node.Reduction;

/// <summary>Where the links' readers put an item's totals: where they are applied from. Whoever reads one claims it before, and nobody else gets the place.</summary>
/// <remarks>No total of an item is made before this member has contributed to it, so none comes before <see cref="Begin"/>, while the one before is still read.</remarks>
internal sealed class TotalPlaces(AllReducePlan plan, GradientBuffers buffers, PayloadHashes hashes, RoundedTotals rounded) : ITotalPlaces
{
    private readonly bool[] _claimed = new bool[plan.Chunks];
    private readonly Lock _lock = new();
    private ulong _item;
    private int _chunks;

    public void Begin(ulong item, int chunks)
    {
        lock (_lock)
        {
            (_item, _chunks) = (item, chunks);
            Array.Clear(_claimed);
        }
    }

    public bool TryClaim(in FrameHeader header, out Memory<float> place)
    {
        place = default;
        lock (_lock)
        {
            if (header.Item != _item || header.Chunk >= _chunks || plan.Owner(header.Chunk) != header.Rank || _claimed[header.Chunk])
            {
                return false;
            }

            var (offset, length) = plan.Extent((int)header.Chunk);
            if (rounded.IsPacked((int)header.Chunk) || header.PayloadLength != length * sizeof(float))
            {
                return false;
            }

            place = buffers.Total.Slice(offset, length);
            return _claimed[header.Chunk] = true;
        }
    }

    public ulong Filled(in FrameHeader header) => hashes.MadeTotal((int)header.Chunk);
}
