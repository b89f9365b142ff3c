namespace Trainer.Kernels.Sharding;

/// <summary>Brings the parts of batch norm groups that several members compute to all who share them. One device alone has none.</summary>
public interface IBatchExchange
{
    /// <summary>The subtree roots of all members, ascending: together they cover the batch.</summary>
    IReadOnlyList<ShardRange> Roots { get; }

    /// <summary>
    /// Sends the own parts and returns once those of the others are filled in. The own ones stay as they are until the batch's sums are there. Called between kernels, on the
    /// thread that computes, by all members that have samples of a group in the same order.
    /// </summary>
    /// <exception cref="OperationCanceledException">The pass is to end.</exception>
    void Gather(GroupParts parts);
}
