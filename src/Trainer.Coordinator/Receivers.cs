using Akka.Actor;
using Microsoft.Extensions.Logging;
using Trainer.Coordinator.Mlflow;
using Trainer.Coordinator.Outbox;
using Trainer.Coordinator.Store;
using Trainer.Coordinator.Webhooks;
using Trainer.Hosting.Cluster;
using Trainer.Hosting.Metrics;

namespace Trainer.Coordinator;

/// <summary>Who outside the cluster is told of jobs, as the options say.</summary>
internal sealed class Receivers : IAsyncDisposable
{
    private readonly List<IReceiver> _receivers = [];
    private readonly Deliveries _deliveries;

    public Receivers(CoordinatorOptions options, IJobStore store, OutboxSettings settings, ControlMetrics metrics, ILogger logger)
    {
        if (options.Webhook is { } target)
        {
            _receivers.Add(new Webhook(target, TimeProvider.System, settings.AnswerWithin));
        }

        List<Func<CancellationToken, Task>> loops = [];
        if (options.Mlflow is { } server)
        {
            var log = new MlflowLog(server, store, settings, TimeProvider.System, logger);
            _receivers.Add(log);
            loops.Add(log.FollowAsync);
        }

        loops.AddRange(_receivers.Select(receiver => (Func<CancellationToken, Task>)new Delivery(store, receiver, settings, TimeProvider.System, metrics, logger).RunAsync));
        _deliveries = new Deliveries(loops);
    }

    /// <summary>Whom the store is to keep changes for.</summary>
    public static IReadOnlyList<string> Names(CoordinatorOptions options) =>
        [.. options.Webhook is null ? Array.Empty<string>() : [ControlMetrics.Webhook], .. options.Mlflow is null ? Array.Empty<string>() : [ControlMetrics.MlFlow]];

    /// <summary>One coordinator of the cluster tells them, the oldest.</summary>
    public void Start(ActorSystem system)
    {
        if (_receivers.Count > 0)
        {
            ClusterActors.StartDeliveries(system, _deliveries.Props());
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _deliveries.DisposeAsync();
        _receivers.ForEach(receiver => receiver.Dispose());
    }
}
