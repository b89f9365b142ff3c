namespace Trainer.Coordinator.Store;

/// <summary>Once a call found the store away, the others need not find out as well: they fail at once, but for one at a time that tries, less and less often, until one finds it back.</summary>
internal sealed class StoreGate(TimeProvider clock)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(4);

    private readonly Lock _lock = new();
    private StoreException? _away;
    private long _failed;
    private TimeSpan _pause;
    private bool _isTried;

    /// <summary>Whether the caller is the one that tries.</summary>
    /// <exception cref="StoreException">The store is away.</exception>
    public bool Enter()
    {
        lock (_lock)
        {
            if (_away is null)
            {
                return false;
            }

            if (_isTried || clock.GetElapsedTime(_failed) < _pause)
            {
                throw new StoreException(_away.Message, _away) { Fault = _away.Fault };
            }

            return _isTried = true;
        }
    }

    /// <param name="isTrial">What <see cref="Enter"/> said.</param>
    /// <param name="fault">How the call ended; null: the store answered.</param>
    public void Leave(bool isTrial, StoreException? fault)
    {
        lock (_lock)
        {
            if (fault is not { Fault: StoreFault.Unavailable })
            {
                _away = null;
            }
            else if (isTrial || _away is null)
            {
                _pause = _away is null ? FirstPause : _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
                (_away, _failed) = (fault, clock.GetTimestamp());
            }

            _isTried &= !isTrial;
        }
    }
}
