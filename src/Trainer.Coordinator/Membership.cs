using Akka.Actor;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Cluster;

namespace Trainer.Coordinator;

/// <summary>
/// A coordinator's way into the cluster and, where there are several, its word in the store, every other second, that it is in. The first seed would form a cluster of its own where it reaches no
/// other: where the store says that another coordinator is in one it waits for that instead, since two clusters on one store would take each other's jobs without end.
/// </summary>
internal sealed class Membership : IAsyncDisposable
{
    /// <summary>After so many intervals without a word of any other, none is in a cluster.</summary>
    private const int Silence = 3;

    private readonly ActorSystem _system;
    private readonly IJobStore _store;
    private readonly TimeSpan _interval;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    /// <summary>Begins to join; returns at once.</summary>
    /// <param name="interval">Between two words.</param>
    public Membership(ActorSystem system, IReadOnlyList<string> seeds, IJobStore store, TimeSpan interval)
    {
        (_system, _store, _interval) = (system, store, interval);
        _running = RunAsync(seeds);
    }

    private Address Self => ClusterSystem.SelfAddress(_system);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(IReadOnlyList<string> seeds)
    {
        if (seeds.Count > 1 && SeedAddress.Parse(seeds[0]).Equals(Self))
        {
            await LookForOthersAsync([.. seeds.Where(seed => !SeedAddress.Parse(seed).Equals(Self))]);
        }

        if (!_stop.IsCancellationRequested && !ClusterSystem.IsUp(_system))
        {
            ClusterSystem.Join(_system, seeds);
        }

        while (seeds.Count > 1 && !_stop.IsCancellationRequested)
        {
            if (ClusterSystem.IsUp(_system))
            {
                await TryAsync(async () => await _store.BeatAsync(Self.ToString()));
            }

            await PauseAsync();
        }
    }

    // Ends once it is in their cluster, or they are silent.
    private async Task LookForOthersAsync(IReadOnlyList<string> others)
    {
        var known = await BeatsAsync();
        if (known.Count == 0)
        {
            return;
        }

        ClusterSystem.Join(_system, others);
        for (var silent = 0; silent < Silence && !ClusterSystem.IsUp(_system) && !_stop.IsCancellationRequested;)
        {
            await PauseAsync();
            var now = await BeatsAsync();
            silent = now.Count == known.Count && now.All(beat => known.GetValueOrDefault(beat.Key) == beat.Value) ? silent + 1 : 0;
            known = now;
        }
    }

    private async Task<IReadOnlyDictionary<string, long>> BeatsAsync()
    {
        IReadOnlyDictionary<string, long>? beats = null;
        while (beats is null && !_stop.IsCancellationRequested)
        {
            await TryAsync(async () => beats = (await _store.BeatsAsync()).Where(beat => beat.Key != Self.ToString()).ToDictionary(StringComparer.Ordinal));
            if (beats is null)
            {
                await PauseAsync();
            }
        }

        return beats ?? new Dictionary<string, long>(StringComparer.Ordinal);
    }

    private static async Task TryAsync(Func<Task> ask)
    {
        try
        {
            await ask();
        }
        catch (StoreException)
        {
            // The next word will do.
        }
    }

    private async Task PauseAsync() => await Task.Delay(_interval, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
