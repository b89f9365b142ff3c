using System.Runtime.InteropServices;
using Trainer.Hosting.Artifacts;

namespace Trainer.Hosting.Steps;

/// <summary>Makes the <see cref="StepSummary"/> of a file, in one pass over it.</summary>
internal sealed class StepSummaryBuilder
{
    /// <summary>A file has some 20,000 steps, of which none is missing: sixteen times as many. What is quite another thing is left alone.</summary>
    private const ulong MostSteps = 1 << 18;

    private readonly List<Extremes>[] _runs = [.. StepMetric.All.Select(_ => new List<Extremes>())];
    private ulong _first;
    private ulong _last;
    private bool _isOrderly = true;

    private StepSummaryBuilder()
    {
    }

    /// <summary>Makes a file's summary, or makes it again.</summary>
    /// <returns>False: the file is not there any more, or is none of which there could be one.</returns>
    /// <exception cref="IOException">The store.</exception>
    public static bool Make(IArtifactStore artifacts, string file)
    {
        if (new StepSummaryBuilder().Read(artifacts, file) is not { } summary)
        {
            return false;
        }

        artifacts.Put(StepSummary.KeyOf(file), summary);
        if (artifacts.Find(file) is null)
        {
            artifacts.Delete(StepSummary.KeyOf(file)); // Its job has been deleted meanwhile.
        }

        return true;
    }

    private byte[]? Read(IArtifactStore artifacts, string file)
    {
        using var content = artifacts.Open(file);
        if (content is null)
        {
            return null;
        }

        new StepColumns(StepMetric.All, first: 1, Add).Read(content.Stream, ulong.MaxValue);
        return _isOrderly && _first > 0 ? StepSummary.Write(content.File.Bytes, _first, _last, StepSummary.Widths.Select(width => _runs.Select(runs => Wider(runs, width)))) : null;
    }

    private void Add(ulong step, ReadOnlySpan<double?> values)
    {
        _first = _first == 0 ? step : _first;
        _isOrderly &= step > _last && step - _first < MostSteps;
        if (!_isOrderly)
        {
            return;
        }

        _last = step;
        var run = StepSummary.Runs(_first, step, StepSummary.NarrowestRun) - 1;
        for (var metric = 0; metric < values.Length; metric++)
        {
            while (_runs[metric].Count <= run)
            {
                _runs[metric].Add(default);
            }

            if (values[metric] is { } value)
            {
                CollectionsMarshal.AsSpan(_runs[metric])[run].Add(step, value);
            }
        }
    }

    private Extremes[] Wider(List<Extremes> runs, ulong width)
    {
        var wider = new Extremes[StepSummary.Runs(_first, _last, width)];
        var first = (_first - 1) / StepSummary.NarrowestRun;
        for (var i = 0; i < runs.Count; i++)
        {
            var step = ((first + (ulong)i) * StepSummary.NarrowestRun) + 1;
            wider[StepSummary.Runs(_first, Math.Max(step, _first), width) - 1].Add(runs[i]);
        }

        return wider;
    }
}
