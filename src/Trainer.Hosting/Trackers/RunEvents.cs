using Trainer.Hosting.Steps;
using Trainer.Protos;

namespace Trainer.Hosting.Trackers;

/// <summary>How a job is told to TensorBoard, by `trainer export` and by the job itself: which tags its numbers have.</summary>
public static class RunEvents
{
    /// <summary>Of an evaluation; nothing else has it.</summary>
    public const string TestLoss = "loss/test";

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

    /// <summary>What a step came to.</summary>
    public static void Step(this EventFile file, StepRecord step) => file.Scalars(
        step.Time, step.Step, StepMetric.All.Select(metric => (Tag: Tags.GetValueOrDefault(metric.Name, metric.Name), Value: metric.Of(step))).Where(point => point.Value is not null).Select(point => (point.Tag, point.Value!.Value)));

    /// <summary>What the test set came to behind a step.</summary>
    public static void Evaluation(this EventFile file, DateTime time, ulong step, double loss, double accuracy) => file.Scalars(time, step, (TestLoss, loss), ("accuracy/test", accuracy));

    /// <summary>The job file, with defaults filled in, as text and as hyper-parameters.</summary>
    public static void Config(this EventFile file, DateTime time, JobSpec spec)
    {
        file.Text("config", time, step: 0, string.Concat(JobFile.Write(spec).Split('\n').Select(line => $"    {line}\n")));
        file.Hyperparameters(time, Hyperparameters.Of(spec));
    }
}
