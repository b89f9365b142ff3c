namespace Trainer.Kernels.Devices;

/// <summary>What <see cref="ILosses.SquaredError"/> multiplies a sample's summed squares by, for the loss that is told and for the gradient.</summary>
public readonly record struct SquaredErrorFactors(float Loss, float Gradient);
