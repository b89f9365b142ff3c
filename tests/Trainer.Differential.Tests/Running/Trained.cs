namespace Trainer.Differential.Tests.Running;

/// <summary>What a pass over a set came to.</summary>
/// <param name="Unsure">Of PyTorch alone: the part of the samples for which rounding may decide whether they are right.</param>
internal readonly record struct Measured(double Loss, double Accuracy, double Unsure = 0);

/// <summary>A finished training: each epoch and the evaluation after it, and the state at the end by torch.nn's names.</summary>
internal sealed record Trained(IReadOnlyList<(Measured Training, Measured Evaluation)> Epochs, IReadOnlyDictionary<string, double[]> Tensors);
