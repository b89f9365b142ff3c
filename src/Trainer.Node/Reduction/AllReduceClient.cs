using Akka.Actor;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;

namespace Trainer.Node.Reduction;

/// <summary>The training thread's side of <see cref="AllReduce"/>: tells it what is ready, and waits for the totals.</summary>
internal sealed class AllReduceClient(IActorRef allReduce, ReduceWaiter waiter, int buckets, PayloadHashes hashes)
{
    /// <summary>Between two words about the same wait.</summary>
    private static readonly TimeSpan Reminder = TimeSpan.FromSeconds(1);

    /// <summary>Time counts in slices in which this process ran: who was stopped for a while has not waited for anybody.</summary>
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(100);

    private readonly AllReduce.BucketReady[] _bucketReady = [.. Enumerable.Range(0, buckets).Select(bucket => new AllReduce.BucketReady(bucket))];
    private ulong[] _partHashes = [];
    private StepPlan _plan = new();
    private TimeSpan _deadline;

    /// <param name="deadline">After so long a wait the worker hears what is missing; the wait goes on.</param>
    public void Begin(ulong item, StepPlan plan, TimeSpan deadline)
    {
        (_plan, _deadline) = (plan, deadline);
        hashes.Clear();
        allReduce.Tell(new AllReduce.Begin(item, plan));
    }

    /// <summary>The item is the state now.</summary>
    public void Applied(ulong item, ulong stateHash) => allReduce.Tell(new AllReduce.Applied(item, stateHash));

    /// <summary>The worker is to hear what is missing.</summary>
    public void Remind() => allReduce.Tell(AllReduce.Overdue.Instance);

    /// <summary>Sends the own parts of batch norm groups; returns when those of the others are filled in.</summary>
    /// <exception cref="StepFailedException">The item cannot be finished.</exception>
    /// <exception cref="CorruptStateException">A part has changed in memory since it was made or came.</exception>
    /// <exception cref="OperationCanceledException">The generation is over.</exception>
    public void Exchange(GroupParts parts)
    {
        HashOwn(parts);
        allReduce.Tell(new AllReduce.PartsReady(parts, _partHashes));
        Await(waiter.WaitForParts);
        for (var i = 0; i < parts.Parts.Count; i++)
        {
            if (HostHash.Of(parts.ValuesOf(i).Span) != _partHashes[i])
            {
                throw new CorruptStateException(
                    $"The part of shards {parts.Parts[i].Root} for batch norm layer {parts.Layer} has changed in memory between its making and its use");
            }
        }
    }

    private void HashOwn(GroupParts parts)
    {
        Array.Resize(ref _partHashes, Math.Max(_partHashes.Length, parts.Parts.Count));
        for (var i = 0; i < parts.Parts.Count; i++)
        {
            _partHashes[i] = parts.Parts[i].IsOwn ? hashes.MadeGroupPart(parts.Layer, parts.ValuesOf(i)) : 0;
        }
    }

    /// <summary>The gradients of a bucket are complete and stay as they are until <see cref="Complete"/> returns. What was just computed is hashed while the caches have it.</summary>
    public void BucketReady(int bucket)
    {
        foreach (var chunk in _plan.CompletedBy[bucket])
        {
            foreach (var transfer in _plan.Transfers[chunk])
            {
                if (transfer.LocalRoot >= 0)
                {
                    hashes.MadePart(transfer.LocalRoot, chunk);
                }
            }
        }

        allReduce.Tell(_bucketReady[bucket]);
    }

    /// <summary>The last part; returns when all totals of the item are there.</summary>
    /// <exception cref="StepFailedException">The item cannot be finished.</exception>
    /// <exception cref="OperationCanceledException">The generation is over.</exception>
    public ReduceResult Complete(ReadOnlyMemory<float> statistics)
    {
        allReduce.Tell(new AllReduce.StatisticsReady(statistics, HostHash.Of(statistics.Span)));
        ReduceResult? result = null;
        Await(slice => (result = waiter.Wait(slice)) is not null);
        return result!.Value;
    }

    /// <param name="comes">Waits for so long; true: it came.</param>
    private void Await(Func<TimeSpan, bool> comes)
    {
        var deadline = _deadline;
        for (var waited = TimeSpan.Zero; !comes(Slice); waited += Slice)
        {
            if (waited >= deadline)
            {
                Remind();
                deadline += Reminder;
            }
        }
    }
}

/// <summary>What a network's batch norms exchange, goes over the links of the generation.</summary>
/// <param name="roots">Of all members, ascending.</param>
/// <param name="waits">Told before a wait (true) and after it.</param>
internal sealed class BatchExchange(AllReduceClient allReduce, IReadOnlyList<ShardRange> roots, Action<bool>? waits = null) : IBatchExchange
{
    public IReadOnlyList<ShardRange> Roots => roots;

    public void Gather(GroupParts parts)
    {
        waits?.Invoke(true);
        allReduce.Exchange(parts);
        waits?.Invoke(false);
    }
}
