using Akka.Actor;

namespace Trainer.Node.Reduction;

/// <summary>The training thread's side of <see cref="AllReduce"/>: tells it what is ready, and waits for the totals.</summary>
internal sealed class AllReduceClient(IActorRef allReduce, ReduceWaiter waiter, int buckets)
{
    /// <summary>Between two words about the same wait.</summary>
    private static readonly TimeSpan Reminder = TimeSpan.FromSeconds(1);

    /// <summary>Time counts in slices in which this process ran: who was stopped for a while has not waited for anybody.</summary>
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(100);


    private readonly AllReduce.BucketReady[] _bucketReady = [.. Enumerable.Range(0, buckets).Select(bucket => new AllReduce.BucketReady(bucket))];

    public void Begin(ulong item, StepPlan plan) => allReduce.Tell(new AllReduce.Begin(item, plan));

    /// <summary>The item is the state now.</summary>
    public void Applied(ulong item, ulong stateHash) => allReduce.Tell(new AllReduce.Applied(item, stateHash));

    /// <summary>The worker is to hear what is missing.</summary>
    public void Remind() => allReduce.Tell(AllReduce.Overdue.Instance);

    /// <summary>The gradients of a bucket are complete and stay as they are until <see cref="Complete"/> returns.</summary>
    public void BucketReady(int bucket) => allReduce.Tell(_bucketReady[bucket]);

    /// <summary>The last part; returns when all totals of the item are there.</summary>
    /// <param name="deadline">After so long the worker hears what is missing; the wait goes on.</param>
    /// <exception cref="StepFailedException">The item cannot be finished.</exception>
    /// <exception cref="OperationCanceledException">The generation is over.</exception>
    public ReduceResult Complete(ReadOnlyMemory<float> statistics, TimeSpan deadline)
    {
        allReduce.Tell(new AllReduce.StatisticsReady(statistics));
        for (var waited = TimeSpan.Zero; ; waited += Slice)
        {
            if (waiter.Wait(Slice) is { } result)
            {
                return result;
            }

            if (waited >= deadline)
            {
                Remind();
                deadline += Reminder;
            }
        }
    }
}
