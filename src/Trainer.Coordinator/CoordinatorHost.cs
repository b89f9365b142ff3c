using Microsoft.Extensions.Logging;
using Trainer.Coordinator.Store;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Cluster;
using Trainer.Hosting.Logging;
using Trainer.Hosting.Run;
using Trainer.Hosting.Traces;

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

    /// <summary>Runs until cancelled; the result is the process's exit code, and whatever it is not 0 for stands in the log.</summary>
    public static async Task<int> RunAsync(CoordinatorOptions options, CancellationToken stop)
    {
        using var loggers = ProcessLog.Create(options.Log with { IdsOf = options.Otlp is null ? null : TraceIds.OfLines });
        var logger = loggers.CreateLogger("Trainer.Coordinator");
        if (Refusal(options) is { } refusal)
        {
            logger.LogError("{Refusal}", refusal);
            return Refused;
        }

        try
        {
            using var traces = TraceExport.Start(options.Otlp, ClusterNames.CoordinatorRole, options.Name, logger);
            await using var coordinator = await CoordinatorProcess.StartAsync(options, new CoordinatorTuning(), loggers, stop);
            logger.LogInformation("{Name}: job API {Grpc}, metrics and health {Http}, cluster {Cluster}.",
                options.Name, coordinator.Grpc, coordinator.Http, coordinator.Cluster);
            coordinator.WarnOfInsecure(logger);
            await coordinator.Expelled.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested)
            {
                return Stopped;
            }

            logger.LogError("{Name} was taken out of the cluster and ends.", options.Name);
            return Failed;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Stopped;
        }
        catch (Exception e) when (e is StoreException or IOException or ArgumentException or UnauthorizedAccessException)
        {
            logger.LogError("{Name} cannot start: {Reason}", options.Name, e.Message.ReplaceLineEndings(" "));
            return Failed;
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            logger.LogError(bug, "{Name} ends by a fault of its own.", options.Name);
            return Failed;
        }
    }

    private static string? Refusal(CoordinatorOptions options)
    {
        if (options.Seeds.Count > 1 && !options.Store.IsShared)
        {
            return $"Of {options.Seeds.Count} coordinators each would have a database of its own: SQLite's is for one. Give all of them one of PostgreSQL's (--store postgres://...); or one --seed, or none.";
        }

        if (options.Seeds.FirstOrDefault(seed => !SeedAddress.TryParse(seed, out _)) is { } seed)
        {
            return $"Seed '{seed}' is not an address; expected {SeedAddress.Expected}.";
        }

        if (OpenFiles.Most < OpenFiles.Enough)
        {
            return $"This process may have {OpenFiles.Most} files open (ulimit -n), and has most of them before the first user comes: give it {OpenFiles.Enough} or more.";
        }

        return options is { Token: null, Insecure: false } ? "A job API without a token needs --insecure: whoever reaches its port can run jobs."
            : HostCertificates.Refusal(options.Certificates, options.Run, options.Insecure, OwnHost.IsLoopback(options.Host));
    }
}
