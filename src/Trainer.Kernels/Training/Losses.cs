using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Training;

/// <summary>What training makes small. The loss of a step, an epoch or a test set is the sum of its samples' losses over the sum of their weights.</summary>
public abstract record Loss
{
    /// <summary>Whether samples have weights, by whose sum the gradient is divided instead of by B.</summary>
    public virtual bool HasWeights => false;

    /// <summary>Whether samples may be mixtures of two, with the labels of both (<see cref="Network.Shares"/>). The mean is then over samples, whatever classes weigh, as torch has it.</summary>
    [NotInFiles]
    public bool MixesLabels { get; init; }

    /// <summary>What a sample with this label counts in the mean.</summary>
    public virtual float WeightOf(int label) => 1;

    /// <summary>Samples with this label count neither in the loss nor in the accuracy; null: all count.</summary>
    public virtual int? Ignored => null;
}

/// <summary>Cross entropy between softmax(logits) and the labels, as torch.nn.CrossEntropyLoss with reduction 'mean'.</summary>
/// <param name="ClassWeights">One per class; null: 1.</param>
/// <param name="IgnoreIndex">
/// Samples with this label, which may be negative and is no class, count neither in the loss nor in the accuracy. The default is torch's; no label of a data set is so small,
/// so that all count.
/// </param>
/// <param name="LabelSmoothing">Szegedy et al. 2015 (arXiv:1512.00567), section 7: in [0, 1].</param>
[Kind("cross_entropy")]
public sealed record CrossEntropy(IReadOnlyList<double>? ClassWeights = null, int IgnoreIndex = CrossEntropy.NoLabel, double LabelSmoothing = 0) : Loss
{
    private const int NoLabel = -100;

    /// <summary>A label that it ignores and that no sample of a data set has: for samples that cannot be read.</summary>
    public const int SkippedLabel = -101;

    /// <summary>The same, ignoring samples that cannot be read.</summary>
    public CrossEntropy Skipping() => Ignored is null ? this with { IgnoreIndex = SkippedLabel } : this;

    public override bool HasWeights => !MixesLabels && HasOptions;

    private bool HasOptions => ClassWeights is not null || Ignored is not null;

    public override int? Ignored => IgnoreIndex == NoLabel ? null : IgnoreIndex;

    public override float WeightOf(int label) => label == IgnoreIndex ? 0 : (float)(ClassWeights?[label] ?? 1);
}

/// <summary>What becomes of the losses of a sample's outputs.</summary>
public enum LossReduction
{
    /// <summary>As torch's: divided by the outputs of all samples.</summary>
    Mean,

    /// <summary>
    /// As torch's: the gradient is that of the sum over all samples of a batch. The loss that is told is per sample, as all losses.
    /// </summary>
    Sum,
}

/// <summary>A loss of each output by itself, against a target of its own.</summary>
/// <param name="Reduction">How they are summed.</param>
/// <param name="OneHot">The target is 1 for the label's output, 0 for the others; else the caller gives <see cref="Network.Targets"/>.</param>
public abstract record OutputLoss(LossReduction Reduction, [property: NotInFiles] bool OneHot) : Loss;

/// <summary>(y - target)^2 over all outputs, as torch.nn.MSELoss.</summary>
[Kind("mse")]
public sealed record SquaredError(LossReduction Reduction = LossReduction.Mean, bool OneHot = true) : OutputLoss(Reduction, OneHot);

/// <summary>-w (p t log s + (1 - t) log(1 - s)) with s = sigmoid(y) over all outputs and targets t in [0, 1], as torch.nn.BCEWithLogitsLoss.</summary>
/// <param name="Weight">w, one per output; null: 1.</param>
/// <param name="PosWeight">p, what a target of 1 counts more than one of 0; one per output; null: 1.</param>
[Kind("bce_with_logits")]
public sealed record BinaryCrossEntropy(
    IReadOnlyList<double>? Weight = null, IReadOnlyList<double>? PosWeight = null, LossReduction Reduction = LossReduction.Mean, bool OneHot = true)
    : OutputLoss(Reduction, OneHot);
