namespace Trainer.Kernels.Gpu.Memory;

/// <summary>Which of a ring's events tells about a mark.</summary>
internal static class MarkRing
{
    /// <summary>
    /// The mark's own event while the ring has it. Marks are reached in their order, so for an older one the oldest that is left does: once that is
    /// reached, so is the mark.
    /// </summary>
    /// <param name="made">The newest mark; the first is 1.</param>
    public static int Slot(long mark, long made, int size)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mark, made);
        return (int)(Math.Max(mark, made - size + 1) % size);
    }
}
