namespace Trainer.Hosting.Artifacts;

/// <summary>The files of a job's folder that are for its user.</summary>
public static class ArtifactNames
{
    public const string Weights = "model.safetensors";
    public const string OptimizerState = "optimizer.safetensors";
    public const string Metrics = "metrics.jsonl";

    public static IReadOnlyList<string> All { get; } = [Metrics, Weights, OptimizerState];
}
