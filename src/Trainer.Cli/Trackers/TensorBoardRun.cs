using Trainer.Hosting.Steps;
using Trainer.Hosting.Trackers;
using Trainer.Protos;

namespace Trainer.Cli.Trackers;

/// <summary>A job as a run of TensorBoard: what its steps and its evaluations came to, and what it was asked for.</summary>
internal static class TensorBoardRun
{
    /// <summary>A folder of the directory that TensorBoard is given: it calls a run by its name.</summary>
    public static string FolderOf(Job job) => string.Concat($"{job.Spec.Name}-{job.Id}".Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' ? letter : '_'));

    public static string FileOf(Job job) => $"events.out.tfevents.{job.CreateTime.Seconds}.trainer";

    /// <param name="steps">In order.</param>
    /// <param name="reports">What evaluations found, by name.</param>
    /// <returns>How many steps there were.</returns>
    public static async Task<long> WriteAsync(Stream stream, Job job, IAsyncEnumerable<StepMetrics> steps, IReadOnlyList<(string Name, EvaluationFile Report)> reports)
    {
        var begin = job.CreateTime.ToDateTime();
        using var file = new EventFile(stream, begin);
        file.Config(begin, job.Spec);
        var evaluations = new Queue<StepEvaluation>(Evaluations(job));
        var epochs = new Queue<EpochSummary>(job.Epochs);
        StepRecord? last = null;
        var count = 0L;
        await foreach (var message in steps)
        {
            var step = StepRecord.Of(message);
            Close(file, epochs, last, step.Epoch);
            Evaluate(file, evaluations, last, step.Step);
            file.Step(step);
            (last, count) = (step, count + 1);
        }

        Evaluate(file, evaluations, last, ulong.MaxValue);
        Close(file, epochs, last, uint.MaxValue);
        foreach (var (name, report) in reports)
        {
            report.Write(file, name, last?.Time ?? begin);
        }

        if (job.EndTime is { } end)
        {
            file.HyperparametersEnd(end.ToDateTime(), job.State == JobState.Succeeded ? EventStatus.Success : EventStatus.Failure);
        }

        return count;
    }

    private static IEnumerable<StepEvaluation> Evaluations(Job job)
    {
        var closed = job.Epochs.SelectMany(epoch => epoch.Evaluations);
        return job.Progress?.Evaluation is { } open && !closed.Contains(open) ? closed.Append(open) : closed;
    }

    // Behind the last step before this one.
    private static void Evaluate(EventFile file, Queue<StepEvaluation> evaluations, StepRecord? last, ulong step)
    {
        while (last is { } before && evaluations.TryPeek(out var next) && next.Step < step)
        {
            evaluations.Dequeue();
            file.Evaluation(before.Time, next.Step, next.TestLoss, next.TestAccuracy);
        }
    }

    // Behind the last step of each epoch before this one.
    private static void Close(EventFile file, Queue<EpochSummary> epochs, StepRecord? last, uint epoch)
    {
        while (last is { } before && epochs.TryPeek(out var next) && next.Epoch < epoch)
        {
            epochs.Dequeue();
            if (next.Epoch == before.Epoch && !double.IsNaN(next.TestLoss))
            {
                file.Evaluation(before.Time, before.Step, next.TestLoss, next.TestAccuracy);
            }
        }
    }
}
