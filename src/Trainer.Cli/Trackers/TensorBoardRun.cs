using Trainer.Hosting.Steps;
using Trainer.Protos;

namespace Trainer.Cli.Trackers;

/// <summary>A job as a run of TensorBoard: what its steps and its evaluations came to, and what it was asked for.</summary>
internal static class TensorBoardRun
{
    /// <summary>Of steps, by the field of the API.</summary>
    private static readonly Dictionary<string, string> Tags = new(StringComparer.Ordinal)
    {
        ["loss"] = "loss/train",
        ["accuracy"] = "accuracy/train",
        ["data_seconds"] = "seconds/data",
        ["forward_seconds"] = "seconds/forward",
        ["backward_seconds"] = "seconds/backward",
        ["allreduce_seconds"] = "seconds/allreduce",
        ["optimizer_seconds"] = "seconds/optimizer",
    };

    /// <summary>A folder of the directory that TensorBoard is given: it calls a run by its name.</summary>
    public static string FolderOf(Job job) => string.Concat($"{job.Spec.Name}-{job.Id}".Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' ? letter : '_'));

    public static string FileOf(Job job) => $"events.out.tfevents.{job.CreateTime.Seconds}.trainer";

    /// <param name="steps">In order.</param>
    /// <returns>How many steps there were.</returns>
    public static async Task<long> WriteAsync(Stream stream, Job job, IAsyncEnumerable<StepMetrics> steps)
    {
        var begin = job.CreateTime.ToDateTime();
        using var file = new EventFile(stream, begin);
        file.Text("config", begin, string.Concat(JobFile.Write(job.Spec).Split('\n').Select(line => $"    {line}\n")));
        var evaluations = new Queue<StepEvaluation>(Evaluations(job));
        var epochs = new Queue<EpochSummary>(job.Epochs);
        StepRecord? last = null;
        var count = 0L;
        await foreach (var message in steps)
        {
            var step = StepRecord.Of(message);
            Close(file, epochs, last, step.Epoch);
            Evaluate(file, evaluations, last, step.Step);
            foreach (var (metric, value) in StepMetric.All.Select(metric => (metric, metric.Of(step))))
            {
                if (value is { } known)
                {
                    file.Scalar(Tags.GetValueOrDefault(metric.Name, metric.Name), step.Time, step.Step, known);
                }
            }

            (last, count) = (step, count + 1);
        }

        Evaluate(file, evaluations, last, ulong.MaxValue);
        Close(file, epochs, last, uint.MaxValue);
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
            file.Scalar("loss/test", before.Time, next.Step, next.TestLoss);
            file.Scalar("accuracy/test", before.Time, next.Step, next.TestAccuracy);
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
                file.Scalar("loss/test", before.Time, before.Step, next.TestLoss);
                file.Scalar("accuracy/test", before.Time, before.Step, next.TestAccuracy);
            }
        }
    }
}
