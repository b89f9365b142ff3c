using Trainer.Hosting.Artifacts;

namespace Trainer.Hosting.Steps;

/// <summary>What is wanted of a record of steps for curves.</summary>
/// <param name="First">Step.</param>
/// <param name="Last">Step.</param>
/// <param name="Run">So many steps in line may be told by their extremes: a power of two, counted from step 1.</param>
/// <param name="HasEnded">Whether nothing is added to the record any more.</param>
public sealed record CurveQuery(IReadOnlyList<StepMetric> Metrics, ulong First, ulong Last, ulong Run, bool HasEnded);

/// <summary>Reads a record of steps for curves: of files that grow no more from their <see cref="StepSummary"/>, where there is one.</summary>
/// <param name="take">Gets the values of each number, by its place in the query, in the order of steps.</param>
/// <param name="missing">Gets the files whose summary should be there, and is not.</param>
public sealed class StepCurves(IArtifactStore artifacts, CurveQuery query, Action<int, ulong, double> take, Action<string> missing)
{
    private readonly StepColumns _columns = new(query.Metrics, query.First, (step, values) =>
    {
        for (var metric = 0; metric < values.Length; metric++)
        {
            if (values[metric] is { } value)
            {
                take(metric, step, value);
            }
        }
    });

    /// <exception cref="IOException">The store.</exception>
    public void Read()
    {
        foreach (var (file, end, isLast) in StepFiles.Stretches(artifacts, query.First, query.Last))
        {
            if (!IsSummed(file, end, grows: isLast && !query.HasEnded))
            {
                using var content = artifacts.Open(file.Key);
                if (content is not null)
                {
                    _columns.Read(content.Stream, end);
                }
            }
        }
    }

    /// <param name="end">The last step of the file that counts.</param>
    private bool IsSummed(ArtifactFile file, ulong end, bool grows)
    {
        if (grows || query.Run < StepSummary.NarrowestRun || file.Bytes < StepSummary.LeastBytes)
        {
            return false;
        }

        using var summary = StepSummary.Open(artifacts, file);
        if (summary is null)
        {
            missing(file.Key);
            return false;
        }

        if (summary.First < query.First || summary.Last > end)
        {
            return false;
        }

        foreach (var (metric, place) in query.Metrics.Select((metric, place) => (metric, place)).OrderBy(one => StepSummary.PlaceOf(one.metric)))
        {
            summary.Read(metric, query.Run, extremes => Tell(place, extremes));
        }

        return true;
    }

    private void Tell(int place, in Extremes run)
    {
        if (run.IsEmpty)
        {
            return;
        }

        take(place, run.Earlier.Step, run.Earlier.Value);
        if (run.LowStep != run.HighStep)
        {
            take(place, run.Later.Step, run.Later.Value);
        }
    }
}
