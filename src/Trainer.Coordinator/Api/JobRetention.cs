using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Api;

/// <summary>Every now and then: deletes what the coordinator's limits say is too much, and what writers left behind.</summary>
public sealed class JobRetention(JobPruning pruning, RetentionPolicy policy, ILoggerFactory loggers) : BackgroundService
{
    private readonly ILogger _logger = loggers.CreateLogger("Trainer.Coordinator");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(policy.Every);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await TryAsync(() => pruning.SweepAsync(stoppingToken)); // Some stores cannot list what was never finished: what has ended is looked after all the same.
            await TryAsync(async () =>
            {
                foreach (var job in (await pruning.PruneAsync(stoppingToken)).Jobs)
                {
                    _logger.LogInformation("The files of job {Job} ({Name}, {Bytes} bytes) are deleted: more is kept than this coordinator is to keep.", job.Id, job.Name, job.Bytes);
                }
            });
        }
    }

    private async Task TryAsync(Func<Task> look)
    {
        try
        {
            await look();
        }
        catch (Exception e) when (e is StoreException or RpcException or IOException or UnauthorizedAccessException)
        {
            _logger.LogWarning("Files of jobs are not looked after now: {Reason}", e is RpcException refused ? refused.Status.Detail : e.Message);
        }
    }
}
