using Microsoft.Extensions.Logging;
using Trainer.Coordinator.Store;

namespace Trainer.Coordinator;

/// <summary>Opens a coordinator's store, and waits for one that does not answer yet.</summary>
internal static class StoreOpening
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <param name="answered">Told how long each call took.</param>
    /// <param name="receivers">Who is told of jobs' changes, by way of the outbox.</param>
    /// <exception cref="StoreException">It answers, and cannot be used.</exception>
    /// <exception cref="OperationCanceledException">It did not answer until then.</exception>
    public static async Task<IJobStore> OpenAsync(StoreAddress address, Action<TimeSpan> answered, IReadOnlyList<string> receivers, ILogger logger, CancellationToken stop)
    {
        for (var said = ""; ; await Task.Delay(Pause, stop))
        {
            try
            {
                return address.Open(answered, receivers);
            }
            catch (StoreException fault) when (fault.Fault == StoreFault.Unavailable)
            {
                if (fault.Message != said)
                {
                    logger.LogWarning("Waiting for the store: {Reason}", fault.Message);
                    said = fault.Message;
                }
            }
        }
    }
}
