using Trainer.Hosting.Steps;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Training;

/// <summary>
/// Chooses the steps that the store keeps: of each stretch of the schedule the one with the lowest loss and the one with the highest, so that no spike is lost. Stretches are a function of the
/// schedule alone: whoever is first member in the next generation goes on with the same ones.
/// </summary>
/// <param name="steps">Of the whole schedule.</param>
internal sealed class StepCurve(ulong steps)
{
    private const ulong Stretches = 500;

    private readonly ulong _width = Math.Max(1, (steps + Stretches - 1) / Stretches);
    private readonly List<CurvePoint> _ended = [];
    private ulong _stretch;
    private StepRecord? _low;
    private StepRecord? _high;

    /// <summary>A step is committed.</summary>
    public void Add(StepRecord step)
    {
        var stretch = (step.Step - 1) / _width;
        if (stretch != _stretch)
        {
            _ended.AddRange(Open());
            (_stretch, _low, _high) = (stretch, null, null);
        }

        // A loss that is no number gives way to any that is one.
        _low = _low is { } low && !double.IsNaN(low.Loss) && !(step.Loss < low.Loss) ? low : step;
        _high = _high is { } high && !double.IsNaN(high.Loss) && !(step.Loss > high.Loss) ? high : step;
    }

    /// <summary>What has not been taken yet of the stretches that have ended.</summary>
    /// <param name="withOpen">Of the last one too, as far as it has come.</param>
    public IReadOnlyList<CurvePoint> Take(bool withOpen)
    {
        List<CurvePoint> taken = [.. _ended, .. withOpen ? Open() : []];
        _ended.Clear();
        return taken;
    }

    private IEnumerable<CurvePoint> Open() => _low is { } low && _high is { } high
        ? [new CurvePoint { Stretch = _stretch, Step = low.ToMessage() }, new CurvePoint { Stretch = _stretch, High = true, Step = high.ToMessage() }]
        : [];
}
