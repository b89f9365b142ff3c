using Akka.Actor;

namespace Trainer.Coordinator.Outbox;

/// <summary>What tells receivers outside the cluster of jobs, in the one coordinator of the cluster that does so at a time.</summary>
/// <remarks>Where the cluster falls apart for a moment, two may: what each tells has the same id, and a receiver takes the second one for the first.</remarks>
internal sealed class Deliveries(IReadOnlyList<Func<CancellationToken, Task>> loops) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private CancellationTokenSource? _stop; // While it tells.
    private Task _running = Task.CompletedTask;
    private bool _isOver;

    /// <summary>The cluster's singleton: it tells while it is there.</summary>
    public Props Props() => Akka.Actor.Props.Create(() => new Singleton(this));

    /// <summary>Ends within a moment, once what is being told has been broken off.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _isOver = true;
        }

        End();
        await _running;
    }

    private void Begin()
    {
        lock (_lock)
        {
            if (!_isOver && loops.Count > 0)
            {
                var (before, stop) = (_running, new CancellationTokenSource());
                _stop = stop;
                _running = Task.Run(async () =>
                {
                    using (stop)
                    {
                        await before;
                        await Task.WhenAll(loops.Select(loop => loop(stop.Token)));
                    }
                }, CancellationToken.None);
            }
        }
    }

    private void End()
    {
        lock (_lock)
        {
            _stop?.Cancel();
            _stop = null;
        }
    }

    private sealed class Singleton(Deliveries deliveries) : UntypedActor
    {
        protected override void PreStart() => deliveries.Begin();

        protected override void PostStop() => deliveries.End();

        protected override void OnReceive(object message) => Unhandled(message);
    }
}
