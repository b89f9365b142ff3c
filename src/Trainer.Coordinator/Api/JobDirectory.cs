using System.Threading.Channels;
using Akka.Actor;
using Grpc.Core;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Api;

/// <summary>Jobs' entities and the scheduler as the API sees them: questions with answers or errors, and streams of updates.</summary>
public sealed class JobDirectory(ActorSystem system, IActorRef jobs, IActorRef scheduler)
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(10);

    /// <exception cref="RpcException">What the entity said, or UNAVAILABLE when it says nothing.</exception>
    public async Task<Job> AskAsync(JobEnvelope question, CancellationToken stop) => await AskAsync<object>(jobs, question, stop) switch
    {
        JobUpdate update => update.Job,
        JobRefused refused => throw ApiErrors.Refused(refused),
        var other => throw new InvalidOperationException($"Job {question.Job} answered {other}."),
    };

    /// <exception cref="RpcException">What the entity said, or UNAVAILABLE when it says nothing.</exception>
    public async Task<IReadOnlyList<JournalEntry>> JournalAsync(string id, CancellationToken stop) =>
        await AskAsync<object>(jobs, new JobEnvelope { Job = id, Journal = new GetJournal() }, stop) switch
        {
            JournalReply reply => reply.Entries,
            JobRefused refused => throw ApiErrors.Refused(refused),
            var other => throw new InvalidOperationException($"Job {id} answered {other}."),
        };

    public Task<DrainReply> DrainAsync(DrainWorker order, CancellationToken stop) => AskAsync<DrainReply>(scheduler, order, stop);

    /// <summary>What a worker says that it serves.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: it says nothing.</exception>
    public Task<Served> DescribeAsync(WorkerStatus worker, CancellationToken stop) =>
        AskAsync<Served>(system.ActorSelection(worker.ActorPath), new DescribeServed { Worker = worker.Worker }, stop);

    public void Order(WorkerStatus worker, Release order) => system.ActorSelection(worker.ActorPath).Tell(order);

    public Task<ClearReply> ClearAsync(ClearWorker order, CancellationToken stop) => AskAsync<ClearReply>(scheduler, order, stop);

    public Task<ListWorkersReply> ListWorkersAsync(CancellationToken stop) => AskAsync<ListWorkersReply>(scheduler, new ListWorkersQuery(), stop);

    /// <summary>The job now and whenever it changes, until it has ended; a slow reader skips to the newest.</summary>
    /// <exception cref="RpcException">NOT_FOUND.</exception>
    public async IAsyncEnumerable<Job> WatchAsync(string id, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        var updates = Channel.CreateBounded<object>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        var watcher = system.ActorOf(Props.Create(() => new JobWatcher(id, jobs, updates.Writer)));
        try
        {
            await foreach (var update in updates.Reader.ReadAllAsync(stop))
            {
                yield return update is JobUpdate { Job: var job } ? job : throw ApiErrors.Refused((JobRefused)update);
            }
        }
        finally
        {
            system.Stop(watcher);
        }
    }

    private static async Task<T> AskAsync<T>(ICanTell whom, object question, CancellationToken stop)
    {
        try
        {
            return await whom.Ask<T>(question, AnswerWithin, stop);
        }
        catch (AskTimeoutException)
        {
            throw ApiErrors.Unavailable($"The cluster is changing: no answer within {AnswerWithin.TotalSeconds:0} s. Try again.");
        }
    }
}
