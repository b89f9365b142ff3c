namespace Trainer.Kernels.Devices;

/// <summary>What the products of convolutions and linear layers take their operands as. They sum in float32 either way.</summary>
public enum ComputePrecision
{
    /// <summary>As they are, float32: the canonical arithmetic.</summary>
    Exact,

    /// <summary>Rounded to TF32, 10 bits of mantissa, as tensor cores want them.</summary>
    Tf32,
}
