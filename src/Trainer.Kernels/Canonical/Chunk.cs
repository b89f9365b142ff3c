namespace Trainer.Kernels.Canonical;

/// <summary>A run of a flat buffer: the unit of ownership in the all-reduce, and of sums and hashes over whole buffers.</summary>
public static class Chunk
{
    public const int Elements = 65_536;

    /// <summary>How many chunks a buffer has; the last may be shorter.</summary>
    public static int CountOf(long elements) => checked((int)((elements + Elements - 1) / Elements));
}
