using System.Collections.Concurrent;
using Trainer.Hosting.Limits;

namespace Trainer.Coordinator.Api;

/// <summary>
/// A few threads of their own for checks that read files and infer shapes: they may take long, and whoever waits for a disk must hold up neither health
/// checks nor heartbeats.
/// </summary>
public sealed class CheckThreads : IDisposable
{
    private readonly BlockingCollection<Action> _waiting;

    public CheckThreads(ProcessLimits limits)
    {
        _waiting = new BlockingCollection<Action>(limits.Count(ProcessLimits.WaitingValidations));
        for (var thread = 0; thread < limits.Count(ProcessLimits.Validations); thread++)
        {
            new Thread(Work) { IsBackground = true, Name = "job-check" }.Start();
        }
    }

    /// <summary>Runs a check as soon as a thread is free. Ends with <paramref name="stop"/>; a check that has begun by then goes on for nobody.</summary>
    /// <exception cref="Grpc.Core.RpcException">RESOURCE_EXHAUSTED: too many are waiting.</exception>
    public async Task<T> RunAsync<T>(Func<T> check, CancellationToken stop)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_waiting.TryAdd(Check, 0, CancellationToken.None))
        {
            throw ApiErrors.Exhausted($"{_waiting.BoundedCapacity} jobs are waiting to be checked (--limit {ProcessLimits.WaitingValidations.Name}=N). Try again.");
        }

        return await done.Task.WaitAsync(stop);

        void Check()
        {
            if (stop.IsCancellationRequested)
            {
                return;
            }

            try
            {
                done.SetResult(check());
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                done.SetException(e);
            }
        }
    }

    public void Dispose() => _waiting.CompleteAdding();

    private void Work()
    {
        foreach (var check in _waiting.GetConsumingEnumerable())
        {
            check();
        }
    }
}
