namespace Trainer.Hosting.Steps;

/// <summary>A number that each step has, by the name that it has in <see cref="Protos.StepMetrics"/>.</summary>
/// <param name="Of">Null: this step has none.</param>
public sealed record StepMetric(string Name, Func<StepRecord, double?> Of)
{
    public static IReadOnlyList<StepMetric> All { get; } =
    [
        new("loss", record => record.Loss),
        new("accuracy", record => record.Accuracy),
        new("learning_rate", record => record.LearningRate),
        new("gradient_norm", record => record.GradientNorm),
        new("images_per_second", record => record.ImagesPerSecond),
        new("data_seconds", record => record.Phases.Data),
        new("forward_seconds", record => record.Phases.Forward),
        new("backward_seconds", record => record.Phases.Backward),
        new("allreduce_seconds", record => record.Phases.AllReduce),
        new("optimizer_seconds", record => record.Phases.Optimizer),
    ];
}
