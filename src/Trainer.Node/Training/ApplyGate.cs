namespace Trainer.Node.Training;

/// <summary>
/// Between the training thread, which applies items, and orders from outside, which end a generation: an apply that runs is
/// finished, and none begins once the gate is closed (protocol rules 1 and 5).
/// </summary>
internal sealed class ApplyGate
{
    private readonly Lock _lock = new();
    private ulong _applied;
    private bool _closed;

    /// <summary>The last item applied; 0: none.</summary>
    public ulong Applied => Volatile.Read(ref _applied);

    /// <exception cref="OperationCanceledException">The gate is closed; nothing was done.</exception>
    public T Apply<T>(ulong item, Func<T> apply)
    {
        lock (_lock)
        {
            if (_closed)
            {
                throw new OperationCanceledException($"Item {item} is not applied: its generation is over.");
            }

            var result = apply();
            Volatile.Write(ref _applied, item);
            return result;
        }
    }

    /// <summary>Waits for an apply that runs (never longer); after that the state does not change any more.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
        }
    }
}
