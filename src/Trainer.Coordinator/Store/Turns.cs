namespace Trainer.Coordinator.Store;

/// <summary>One at a time, in the order in which they came.</summary>
internal sealed class Turns
{
    private readonly SemaphoreSlim _free = new(1);

    /// <summary>Dispose what it returns to let the next one.</summary>
    /// <exception cref="TimeoutException">Others were at it all that time: the place is given up.</exception>
    public async Task<IDisposable> TakeAsync(TimeSpan within) => await _free.WaitAsync(within).ConfigureAwait(false) ? new Turn(_free) : throw new TimeoutException();

    private sealed class Turn(SemaphoreSlim free) : IDisposable
    {
        public void Dispose() => free.Release();
    }
}
