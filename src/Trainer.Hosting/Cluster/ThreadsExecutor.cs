using Akka.Configuration;
using Akka.Dispatch;

namespace Trainer.Hosting.Cluster;

/// <summary>
/// A dispatcher's own few threads. They sleep while there is nothing to do; those of Akka's fork-join-executor spin for a while first, after each of
/// the many small things that an idle cluster does, which costs more than these.
/// </summary>
internal sealed class ThreadsExecutorConfigurator(Config config, IDispatcherPrerequisites prerequisites) : ExecutorServiceConfigurator(config, prerequisites)
{
    public override ExecutorService Produce(string id) => new ThreadsExecutor(id, Config.GetInt("threads.count"));
}

/// <inheritdoc cref="ThreadsExecutorConfigurator"/>
internal sealed class ThreadsExecutor : ExecutorService
{
    private readonly Queue<IRunnable> _queue = new();
    private bool _shutDown;

    public ThreadsExecutor(string id, int threads)
        : base(id)
    {
        for (var thread = 0; thread < threads; thread++)
        {
            new Thread(Work) { IsBackground = true, Name = id }.Start();
        }
    }

    public override void Execute(IRunnable run)
    {
        lock (_queue)
        {
            ObjectDisposedException.ThrowIf(_shutDown, this);
            _queue.Enqueue(run);
            Monitor.Pulse(_queue);
        }
    }

    /// <summary>What is queued is still done; then the threads end.</summary>
    public override void Shutdown()
    {
        lock (_queue)
        {
            _shutDown = true;
            Monitor.PulseAll(_queue);
        }
    }

    private void Work()
    {
        while (Next() is { } run)
        {
            run.Run();
        }
    }

    private IRunnable? Next()
    {
        lock (_queue)
        {
            while (_queue.Count == 0)
            {
                if (_shutDown)
                {
                    return null;
                }

                Monitor.Wait(_queue);
            }

            return _queue.Dequeue();
        }
    }
}
