namespace Trainer.Kernels.Devices;

/// <summary>What a sample's sum over its outputs is multiplied by, for the loss that is told and for the gradient.</summary>
public readonly record struct LossFactors(float Loss, float Gradient);
