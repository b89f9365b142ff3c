using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Follow;

/// <summary>One thing that a person or a script who follows a job wants to know.</summary>
internal abstract record JobEvent;

internal sealed record StateChanged(Job Job) : JobEvent;

/// <param name="Epoch">In which it was.</param>
internal sealed record Evaluated(Job Job, uint Epoch, StepEvaluation Evaluation) : JobEvent;

internal sealed record EpochClosed(Job Job, EpochSummary Epoch) : JobEvent;

internal sealed record Progressed(Job Job) : JobEvent;

/// <summary>The last event of a job that ended.</summary>
internal sealed record Ended(Job Job) : JobEvent;

/// <summary>The connection was lost, or is there again.</summary>
internal sealed record Notice(string Text) : JobEvent;

/// <summary>What happened between two snapshots of a job.</summary>
internal static class JobEvents
{
    /// <param name="before">The snapshot seen last; null at first.</param>
    public static IEnumerable<JobEvent> Between(Job? before, Job now)
    {
        if (before?.State != now.State && !now.State.HasEnded())
        {
            yield return new StateChanged(now);
        }

        var told = before is null ? 0 : EvaluationsOf(before).Select(evaluation => evaluation.Step).LastOrDefault();
        foreach (var epoch in now.Epochs.Skip(before?.Epochs.Count ?? 0))
        {
            foreach (var evaluation in epoch.Evaluations.Where(evaluation => evaluation.Step > told))
            {
                yield return new Evaluated(now, epoch.Epoch, evaluation);
            }

            yield return new EpochClosed(now, epoch);
        }

        if (now.Progress?.Evaluation is { } last && last.Step > told && now.Epochs.All(epoch => !epoch.Evaluations.Contains(last)))
        {
            yield return new Evaluated(now, now.Progress.Epoch, last);
        }

        if (now.Progress is not null && !now.Progress.Equals(before?.Progress))
        {
            yield return new Progressed(now);
        }

        if (now.State.HasEnded())
        {
            yield return new Ended(now);
        }
    }

    // By step. Of those of the open epoch the last one is known.
    private static IEnumerable<StepEvaluation> EvaluationsOf(Job job) =>
        job.Epochs.SelectMany(epoch => epoch.Evaluations).Concat(job.Progress?.Evaluation is { } last ? [last] : []).OrderBy(evaluation => evaluation.Step);
}
