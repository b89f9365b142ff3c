using Trainer.Hosting.Steps;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>
/// Thins a curve out as it is read: of each stretch of steps the lowest and the highest value stay, so that no spike is lost, in memory of the points that stay. What is no number
/// stays where a stretch has nothing else.
/// </summary>
internal sealed class CurveThinner(string metric, CurveGrid grid)
{
    private readonly MetricSeries _series = new() { Metric = metric };
    private ulong _stretch;
    private Extremes _extremes;

    public void Add(ulong step, double value)
    {
        if (grid.StretchOf(step) != _stretch)
        {
            Close();
            _stretch = grid.StretchOf(step);
        }

        _extremes.Add(step, value);
    }

    public MetricSeries End()
    {
        Close();
        return _series;
    }

    private void Close()
    {
        if (!_extremes.IsEmpty)
        {
            Add(_extremes.Earlier);
            if (_extremes.LowStep != _extremes.HighStep)
            {
                Add(_extremes.Later);
            }
        }

        _extremes = default;
    }

    private void Add((ulong Step, double Value) point) => _series.Points.Add(new MetricPoint { Step = point.Step, Value = point.Value });
}
