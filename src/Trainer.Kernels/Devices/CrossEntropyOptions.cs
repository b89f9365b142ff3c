namespace Trainer.Kernels.Devices;

/// <summary>Options of <see cref="ILosses.SoftmaxCrossEntropy"/>, as torch.nn.CrossEntropyLoss has them.</summary>
/// <param name="IgnoreIndex">Samples with this label have loss and gradient +0; null: every label is a class.</param>
/// <param name="LabelSmoothing">e in [0, 1]: the target is (1 - e) onehot(label) + e / classes.</param>
/// <param name="ClassWeights">(classes), each class's target is multiplied by its weight; empty: 1.</param>
public readonly record struct CrossEntropyOptions(int? IgnoreIndex = null, float LabelSmoothing = 0, Tensor ClassWeights = default);
