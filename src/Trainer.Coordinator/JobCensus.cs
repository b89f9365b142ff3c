using System.Collections.Immutable;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Metrics;

namespace Trainer.Coordinator;

/// <summary>How many jobs there are by state, as of the last count: what is scraped never waits for the store.</summary>
internal sealed class JobCensus : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _counting;
    private volatile ImmutableDictionary<string, int> _byState = ImmutableDictionary<string, int>.Empty;

    public JobCensus(IJobStore store, TimeSpan interval) => _counting = CountAsync(store, interval);

    /// <summary>States as metrics call them.</summary>
    public IReadOnlyDictionary<string, int> ByState => _byState;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _counting;
        _stop.Dispose();
    }

    private async Task CountAsync(IJobStore store, TimeSpan interval)
    {
        using var timer = new PeriodicTimer(interval);
        do
        {
            try
            {
                _byState = (await store.CountByStateAsync()).ToImmutableDictionary(count => ControlMetrics.StateLabel(count.Key), count => count.Value);
            }
            catch (StoreException)
            {
                // The last count stands until the store answers again.
            }
        }
        while (await NextAsync(timer));
    }

    private async Task<bool> NextAsync(PeriodicTimer timer)
    {
        try
        {
            return await timer.WaitForNextTickAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
