using Grpc.Core;
using Trainer.Coordinator.Api;
using Trainer.Hosting.Limits;

namespace Trainer.Coordinator.Tests.Api;

public sealed class CheckThreadsTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly CheckThreads _checks = new(ProcessLimits.Usual);
    private readonly ManualResetEventSlim _release = new();

    public void Dispose()
    {
        _release.Set();
        _checks.Dispose();
        _release.Dispose();
    }

    [Fact]
    public async Task Checks_run_on_threads_of_their_own()
    {
        Assert.Equal("job-check", await _checks.RunAsync(() => Thread.CurrentThread.Name, CancellationToken.None));
        var fault = await Assert.ThrowsAsync<InvalidDataException>(() => _checks.RunAsync<int>(() => throw new InvalidDataException("no"), CancellationToken.None));
        Assert.Equal("no", fault.Message);
    }

    [Fact]
    public async Task Two_run_at_a_time_and_a_caller_waits_no_longer_than_it_wants_to()
    {
        var (running, most, gate) = (0, 0, new Lock());
        using var both = new ManualResetEventSlim();
        var blocked = Enumerable.Range(0, 5).Select(_ => _checks.RunAsync(Block, CancellationToken.None)).ToList();
        using var deadline = new CancellationTokenSource();
        var impatient = _checks.RunAsync(() => 7, deadline.Token);
        Assert.False(impatient.IsCompleted);
        Assert.True(both.Wait(Patience));

        await deadline.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient.WaitAsync(Patience));
        _release.Set();
        await Task.WhenAll(blocked).WaitAsync(Patience);
        Assert.Equal(2, most);

        int Block()
        {
            lock (gate)
            {
                most = Math.Max(most, ++running);
                if (running == 2)
                {
                    both.Set();
                }
            }

            _release.Wait();
            lock (gate)
            {
                return --running;
            }
        }
    }

    [Fact]
    public async Task Too_many_are_refused()
    {
        using var begun = new CountdownEvent(2);
        var waiting = Enumerable.Range(0, 2).Select(_ => _checks.RunAsync(() => begun.Signal() | Wait(), CancellationToken.None)).ToList();
        Assert.True(begun.Wait(Patience));
        waiting.AddRange(Enumerable.Range(0, 256).Select(_ => _checks.RunAsync(Wait, CancellationToken.None)));

        var refusal = await Assert.ThrowsAsync<RpcException>(() => _checks.RunAsync(Wait, CancellationToken.None));

        Assert.Equal((StatusCode.ResourceExhausted, "256 jobs are waiting to be checked (--limit waiting-validations=N). Try again."), (refusal.StatusCode, refusal.Status.Detail));
        _release.Set();
        await Task.WhenAll(waiting).WaitAsync(Patience);

        bool Wait()
        {
            _release.Wait();
            return true;
        }
    }
}
