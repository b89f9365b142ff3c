using Microsoft.Extensions.Logging;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Run;

namespace Trainer.Coordinator;

/// <summary>A coordinator process: job API, job entities, scheduler, store, metrics and health.</summary>
public static class CoordinatorHost
{
    /// <summary>A process that was told to stop and stopped.</summary>
    public const int Stopped = 0;

    /// <summary>It could not start, or was taken out of the cluster; whoever supervises it starts it anew.</summary>
    public const int Failed = 1;

    /// <summary>Options that nobody should run with.</summary>
    public const int Refused = 2;

    /// <summary>Runs until cancelled; the result is the process's exit code.</summary>
    public static async Task<int> RunAsync(CoordinatorOptions options, CancellationToken stop)
    {
        using var loggers = CoordinatorLog.Create();
        var logger = loggers.CreateLogger("Trainer.Coordinator");
        if (Refusal(options) is { } refusal)
        {
            logger.LogError("{Refusal}", refusal);
            return Refused;
        }

        try
        {
            await using var coordinator = await CoordinatorProcess.StartAsync(options, new CoordinatorTuning(), loggers);
            logger.LogInformation("{Name}: job API {Grpc}, metrics and health {Http}, cluster {Cluster}.",
                options.Name, coordinator.Grpc, coordinator.Http, coordinator.Cluster);
            await coordinator.Expelled.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested)
            {
                return Stopped;
            }

            logger.LogError("{Name} was taken out of the cluster and ends.", options.Name);
            return Failed;
        }
        catch (Exception e) when (e is StoreException or IOException or ArgumentException or RunFolderException or Akka.Remote.RemoteTransportException)
        {
            logger.LogError("{Name} cannot start: {Reason}", options.Name, e.Message);
            return Failed;
        }
    }

    private static string? Refusal(CoordinatorOptions options)
    {
        if (options.Seeds.Count > 1)
        {
            return $"Of {options.Seeds.Count} coordinators each would have a database of its own; this version runs one. Give one --seed, or none.";
        }

        if (options.Insecure)
        {
            return null;
        }

        return options.Token is null ? "A job API without a token needs --insecure: whoever reaches its port can run jobs."
            : Listening.IsLoopback(options.Host) ? null
            : $"Binding {options.Host}, which is not loopback, without certificates needs --insecure: whoever reads the network reads the token.";
    }
}
