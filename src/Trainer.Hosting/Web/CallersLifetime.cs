using Microsoft.Extensions.Hosting;

namespace Trainer.Hosting.Web;

/// <summary>Signals are for whoever runs the process, not for its web server.</summary>
public sealed class CallersLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
