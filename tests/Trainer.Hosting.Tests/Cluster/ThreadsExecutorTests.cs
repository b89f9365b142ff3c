using Akka.Dispatch;
using Trainer.Hosting.Cluster;

namespace Trainer.Hosting.Tests.Cluster;

public sealed class ThreadsExecutorTests
{
    [Fact]
    public async Task What_was_queued_before_the_end_runs_on_its_threads()
    {
        var executor = new ThreadsExecutor("some-dispatcher", threads: 3);
        var (names, left, done) = (new HashSet<string?>(), 101, new TaskCompletionSource());
        for (var i = 0; i < 101; i++)
        {
            executor.Execute(new ActionRunnable(() =>
            {
                lock (names)
                {
                    names.Add(Thread.CurrentThread.Name);
                }

                if (Interlocked.Decrement(ref left) == 0)
                {
                    done.SetResult();
                }
            }));
        }

        executor.Shutdown();

        await done.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.Equal(["some-dispatcher"], names);
        Assert.Throws<ObjectDisposedException>(() => executor.Execute(new ActionRunnable(() => { })));
    }

    [Fact]
    public async Task A_thread_that_is_busy_holds_up_no_other()
    {
        var executor = new ThreadsExecutor("some-dispatcher", threads: 2);
        using var release = new ManualResetEventSlim();
        var done = new TaskCompletionSource();
        executor.Execute(new ActionRunnable(release.Wait));

        executor.Execute(new ActionRunnable(done.SetResult));

        await done.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        release.Set();
        executor.Shutdown();
    }
}
