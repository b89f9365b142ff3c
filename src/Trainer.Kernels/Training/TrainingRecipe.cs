namespace Trainer.Kernels.Training;

/// <summary>What training is, beside the model and the data.</summary>
/// <param name="Optimizer">How weights follow from gradients.</param>
public sealed record TrainingRecipe(Optimizer Optimizer)
{
    public Loss Loss { get; init; } = new CrossEntropy();

    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Constant;

    /// <summary>Parameters that differ from the rest.</summary>
    public IReadOnlyList<ParameterGroup> ParameterGroups { get; init; } = [];

    /// <summary>Gradients whose norm over all parameters is larger are scaled to it (torch.nn.utils.clip_grad_norm_); null: never.</summary>
    public double? ClipGradNorm { get; init; }

    public static implicit operator TrainingRecipe(Optimizer optimizer) => new(optimizer);
}
