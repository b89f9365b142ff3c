namespace Trainer.Hosting.Logging;

/// <summary>What strangers bring about as often as they like: told when it first happens, and then once a minute with how often it was.</summary>
public sealed class LineAMinute : IDisposable
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Action<int, string> _write;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private bool _isCounting;
    private int _count;
    private string _last = "";

    /// <param name="write">Is told how often it happened, and the last time's reason.</param>
    public LineAMinute(Action<int, string> write, TimeProvider? clock = null)
    {
        _write = write;
        _timer = (clock ?? TimeProvider.System).CreateTimer(_ => Tell(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Note(string reason)
    {
        lock (_lock)
        {
            if (_isCounting)
            {
                (_count, _last) = (_count + 1, reason);
                return;
            }

            _isCounting = true;
            _timer.Change(Minute, Timeout.InfiniteTimeSpan);
        }

        _write(1, reason);
    }

    public void Dispose() => _timer.Dispose();

    private void Tell()
    {
        int count;
        lock (_lock)
        {
            (count, _count) = (_count, 0);
            _isCounting = count > 0;
            if (!_isCounting)
            {
                return;
            }

            _timer.Change(Minute, Timeout.InfiniteTimeSpan);
        }

        _write(count, _last);
    }
}
