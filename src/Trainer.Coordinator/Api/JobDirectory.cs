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

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    /// <exception cref="RpcException">What the entity said, or UNAVAILABLE when it says nothing.</exception>
    public async Task<Job> AskAsync(JobEnvelope question, ServerCallContext caller) => await AskAsync<object>(jobs, Until(caller, question), caller.CancellationToken) switch
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

    /// <exception cref="RpcException">What the entity said, or UNAVAILABLE when it says nothing.</exception>
    public async Task DeleteAsync(string id, string etag, ServerCallContext caller)
    {
        var order = Until(caller, new JobEnvelope { Job = id, Delete = new DeleteJob { Etag = etag } });
        if (await AskAsync<object>(jobs, order, caller.CancellationToken) is JobRefused refused)
        {
            throw ApiErrors.Refused(refused);
        }
    }

    public Task<WaitingJobs> WaitingAsync(CancellationToken stop) => AskAsync<WaitingJobs>(scheduler, new QueueQuery(), stop);

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
            for (Job? last = null; await MoreAsync(updates.Reader, stop) is { } more;)
            {
                if (more && updates.Reader.TryRead(out var update))
                {
                    last = update is JobUpdate { Job: var job } ? job : throw ApiErrors.Refused((JobRefused)update);
                }

                if (last is not null)
                {
                    yield return last; // After a silence the same once more: the stream is alive.
                }
            }
        }
        finally
        {
            system.Stop(watcher);
        }
    }

    // False: nothing for a while. Null: nothing any more.
    private static async Task<bool?> MoreAsync(ChannelReader<object> updates, CancellationToken stop)
    {
        var more = updates.WaitToReadAsync(stop).AsTask();
        await Task.WhenAny(more, Task.Delay(Heartbeat, stop));
        stop.ThrowIfCancellationRequested();
        return !more.IsCompleted ? false : await more ? true : null;
    }

    private static JobEnvelope Until(ServerCallContext caller, JobEnvelope question)
    {
        var latest = TimeProvider.System.GetUtcNow() + AnswerWithin;
        question.DeadlineUnixMs = (caller.Deadline < latest.UtcDateTime ? new DateTimeOffset(caller.Deadline) : latest).ToUnixTimeMilliseconds();
        return question;
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
