using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>
/// Thins a curve out as it is read: of each stretch of steps the lowest and the highest value stay, so that no spike is lost, in memory of the points that stay. What is no number
/// stays where a stretch has nothing else.
/// </summary>
/// <param name="first">Step.</param>
/// <param name="last">Step.</param>
/// <param name="most">Points that may stay; at least 2.</param>
internal sealed class CurveThinner(string metric, ulong first, ulong last, uint most)
{
    private readonly ulong _width = Width(last - first + 1, most);
    private readonly MetricSeries _series = new() { Metric = metric };
    private ulong _stretch;
    private (ulong Step, double Value)? _low;
    private (ulong Step, double Value)? _high;

    public void Add(ulong step, double value)
    {
        if ((step - first) / _width != _stretch)
        {
            Close();
            _stretch = (step - first) / _width;
        }

        if (_low is not { } low || double.IsNaN(low.Value) || value < low.Value)
        {
            _low = (step, value);
        }

        if (_high is not { } high || double.IsNaN(high.Value) || value > high.Value)
        {
            _high = (step, value);
        }
    }

    public MetricSeries End()
    {
        Close();
        return _series;
    }

    // All points stay where there are no more than asked for.
    private static ulong Width(ulong steps, uint most) => steps <= most ? 1 : (steps + (most / 2) - 1) / (most / 2);

    private void Close()
    {
        if (_low is { } low && _high is { } high)
        {
            var isRising = low.Step <= high.Step;
            Add(isRising ? low : high);
            if (low.Step != high.Step)
            {
                Add(isRising ? high : low);
            }
        }

        (_low, _high) = (null, null);
    }

    private void Add((ulong Step, double Value) point) => _series.Points.Add(new MetricPoint { Step = point.Step, Value = point.Value });
}
