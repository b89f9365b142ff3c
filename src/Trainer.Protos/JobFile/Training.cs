namespace Trainer.Protos;

public sealed partial class Training
{
    /// <summary>Whether nothing gives up bits of exact float32 arithmetic.</summary>
    public bool IsExact => Compute is "" or "exact" && Gradients is "" or "fp32";

    /// <summary>The label whose samples do not count, and which is no class; null: there is none.</summary>
    public int? IgnoredLabel => Loss?.CrossEntropy is { HasIgnoreIndex: true } entropy ? entropy.IgnoreIndex : null;
}
