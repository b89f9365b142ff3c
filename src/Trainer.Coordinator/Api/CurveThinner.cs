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
    private MetricPoint? _low;
    private MetricPoint? _high;

    public void Add(ulong step, double value)
    {
        if ((step - first) / _width != _stretch)
        {
            Close();
            _stretch = (step - first) / _width;
        }

        if (_low is null || double.IsNaN(_low.Value) || value < _low.Value)
        {
            _low = new MetricPoint { Step = step, Value = value };
        }

        if (_high is null || double.IsNaN(_high.Value) || value > _high.Value)
        {
            _high = new MetricPoint { Step = step, Value = value };
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
        if (_low is not null && _high is not null)
        {
            _series.Points.Add(_low.Step <= _high.Step ? _low : _high);
            if (_low.Step != _high.Step)
            {
                _series.Points.Add(_low.Step <= _high.Step ? _high : _low);
            }
        }

        (_low, _high) = (null, null);
    }
}
