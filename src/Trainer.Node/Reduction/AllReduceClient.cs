using Akka.Actor;

namespace Trainer.Node.Reduction;

/// <summary>The training thread's side of <see cref="AllReduce"/>: tells it what is ready, and waits for the totals.</summary>
internal sealed class AllReduceClient(IActorRef allReduce, ReduceWaiter waiter, int buckets)
{
    private readonly AllReduce.BucketReady[] _bucketReady = [.. Enumerable.Range(0, buckets).Select(bucket => new AllReduce.BucketReady(bucket))];

    public void Begin(ulong step, StepPlan plan, ulong weightsHash) => allReduce.Tell(new AllReduce.Begin(step, plan, weightsHash));

    /// <summary>The gradients of a bucket are complete and stay as they are until <see cref="Complete"/> returns.</summary>
    public void BucketReady(int bucket) => allReduce.Tell(_bucketReady[bucket]);

    /// <summary>The last part; returns when all totals of the step are there.</summary>
    /// <exception cref="StepFailedException">The step cannot be finished.</exception>
    /// <exception cref="OperationCanceledException">The generation is over.</exception>
    public ReduceResult Complete(ReadOnlyMemory<float> statistics)
    {
        allReduce.Tell(new AllReduce.StatisticsReady(statistics));
        return waiter.Wait();
    }
}
