namespace Trainer.Protos;

public sealed partial class Training
{
    /// <summary>Whether nothing gives up bits of exact float32 arithmetic.</summary>
    public bool IsExact => Compute is "" or "exact" && Gradients is "" or "fp32";
}
