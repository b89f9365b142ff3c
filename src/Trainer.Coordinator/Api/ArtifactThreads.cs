using Grpc.Core;
using Trainer.Hosting.Limits;

namespace Trainer.Coordinator.Api;

/// <summary>Threads that ask the store of jobs' files, apart from those of checks: a store that hangs holds up whoever wants its files, and nobody else.</summary>
public sealed class ArtifactThreads : IDisposable
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(20);

    private readonly CheckThreads _threads = new(ProcessLimits.Usual);

    /// <exception cref="RpcException">UNAVAILABLE: the store does not answer. RESOURCE_EXHAUSTED: too many wait for it.</exception>
    public async Task<T> RunAsync<T>(Func<T> question, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(AnswerWithin);
        try
        {
            return await _threads.RunAsync(question, patience.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw ApiErrors.Unavailable($"The store of jobs' files has not answered for {AnswerWithin.TotalSeconds:0} s. Try again.");
        }
    }

    public void Dispose() => _threads.Dispose();
}
