namespace Trainer.Hosting.Artifacts;

/// <summary>The files of a job's folder that are for its user.</summary>
public static class ArtifactNames
{
    public const string Weights = "model.safetensors";
    public const string OptimizerState = "optimizer.safetensors";
    public const string Metrics = "metrics.jsonl";

    /// <summary>Of the last epoch that was evaluated.</summary>
    public const string Evaluation = "evaluation.json";

    /// <summary>Of the best one.</summary>
    public const string BestEvaluation = "evaluation-best.json";

    public static IReadOnlyList<string> All { get; } = [Metrics, Evaluation, BestEvaluation, Weights, OptimizerState];
}
