using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Api;

/// <summary>Every now and then: deletes what the coordinator's limits say is too much, and what writers left behind.</summary>
public sealed class JobRetention(JobPruning pruning, ILoggerFactory loggers) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    private readonly ILogger _logger = loggers.CreateLogger("Trainer.Coordinator");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await pruning.SweepAsync(stoppingToken);
                foreach (var job in (await pruning.PruneAsync(stoppingToken)).Jobs)
                {
                    _logger.LogInformation("The files of job {Job} ({Name}, {Bytes} bytes) are deleted: more is kept than this coordinator is to keep.", job.Id, job.Name, job.Bytes);
                }
            }
            catch (Exception e) when (e is StoreException or RpcException or IOException or UnauthorizedAccessException)
            {
                _logger.LogWarning("Files of ended jobs are not looked after now: {Reason}", e is RpcException refused ? refused.Status.Detail : e.Message);
            }
        }
    }
}
