namespace Trainer.Kernels.Devices;

/// <summary>
/// Which elements dropout keeps in a step. Element i (or channel i) of the sample at a position of the global batch is dropped where
/// word i mod 4 of the Philox block at counter (i / 4, position, low 32 bits of the step, layer x 256 + purpose) under the seed is
/// below round(P x 2^32).
/// </summary>
/// <param name="P">Probability to drop, 0 to 1; what is kept is multiplied by float(1 / (1 - P)) (0 for P = 1).</param>
/// <param name="PerChannel">Whole channels are dropped (dropout2d).</param>
public readonly record struct DropoutDraw(double P, ulong Seed, uint Layer, ulong Step, bool PerChannel);
