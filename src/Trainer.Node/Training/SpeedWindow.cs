namespace Trainer.Node.Training;

/// <summary>Items per second over the last few seconds of work.</summary>
internal sealed class SpeedWindow(double seconds = 5)
{
    private const int Slots = 20;

    private readonly Queue<(double Items, double Seconds)> _slots = new(Slots + 1);
    private (double Items, double Seconds) _current;
    private (double Items, double Seconds) _sum;

    /// <summary>0 before the first measurement.</summary>
    public double PerSecond => _sum.Seconds + _current.Seconds is var time and > 0 ? (_sum.Items + _current.Items) / time : 0;

    public void Add(double items, double duration)
    {
        _current = (_current.Items + items, _current.Seconds + duration);
        if (_current.Seconds < seconds / Slots)
        {
            return;
        }

        _slots.Enqueue(_current);
        _sum = (_sum.Items + _current.Items, _sum.Seconds + _current.Seconds);
        _current = default;
        while (_slots.Count > 1 && _sum.Seconds - _slots.Peek().Seconds >= seconds)
        {
            var (oldItems, oldSeconds) = _slots.Dequeue();
            _sum = (_sum.Items - oldItems, _sum.Seconds - oldSeconds);
        }
    }
}
