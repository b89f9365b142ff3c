namespace Trainer.Coordinator.Store;

/// <summary>One at a time, in the order in which they came.</summary>
internal sealed class Turns
{
    private readonly SemaphoreSlim _free = new(1);

    /// <summary>Dispose what it returns to let the next one.</summary>
    public async Task<IDisposable> TakeAsync()
    {
        await _free.WaitAsync();
        return new Turn(_free);
    }

    private sealed class Turn(SemaphoreSlim free) : IDisposable
    {
        public void Dispose() => free.Release();
    }
}
