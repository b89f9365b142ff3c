using System.Globalization;

namespace Trainer.Differential.Tests.Running;

/// <summary>Writes down verdicts that are not plainly equal, and at the end counts them all; for several threads.</summary>
internal sealed class Tally : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<Verdict> _verdicts = [];
    private readonly StreamWriter _log = new(Path.Combine(AppContext.BaseDirectory, "differential.log")) { AutoFlush = true };

    public void Add(int seed, Verdict verdict)
    {
        lock (_lock)
        {
            _verdicts.Add(verdict);
            if (verdict.Outcome != Outcome.Equal)
            {
                _log.WriteLine($"{seed}: {verdict.Outcome}: {verdict.Text.ReplaceLineEndings(" | ")}");
            }
        }
    }

    public void Dispose()
    {
        var errors = _verdicts.Where(verdict => verdict.Outcome == Outcome.Equal).Select(verdict => verdict.Error).Order().ToList();
        var outcomes = _verdicts.GroupBy(verdict => verdict.Outcome).OrderBy(group => group.Key).Select(group => $"{group.Key} {group.Count()}");
        var median = errors.Count == 0 ? double.NaN : errors[errors.Count / 2];
        _log.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{_verdicts.Count} cases: {string.Join(", ", outcomes)}; median error of the equal ones {median:0.0e+0}"));
        _log.Dispose();
    }
}
