namespace Trainer.Kernels.Devices;

/// <summary>Options of <see cref="ILosses.SoftmaxCrossEntropy"/>, as torch.nn.CrossEntropyLoss has them.</summary>
/// <param name="IgnoreIndex">Samples with this label have loss and gradient +0; null: every label is a class.</param>
/// <param name="LabelSmoothing">e in [0, 1]: the target is (1 - e) onehot(label) + e / classes.</param>
/// <param name="ClassWeights">(classes), each class's target is multiplied by its weight; empty: 1.</param>
/// <param name="OtherLabels">(N) as the labels, none of them ignored; empty: samples have one label.</param>
/// <param name="Shares">With other labels: onehot(label) becomes First onehot(label) + Second onehot(other), and correct is who finds the heavier one, of equal ones the first.</param>
public readonly record struct CrossEntropyOptions(
    int? IgnoreIndex = null, float LabelSmoothing = 0, Tensor ClassWeights = default, Tensor OtherLabels = default, LabelShares Shares = default);

/// <summary>What the two labels of a mixed sample count.</summary>
public readonly record struct LabelShares(float First, float Second);
