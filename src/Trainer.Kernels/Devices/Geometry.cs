namespace Trainer.Kernels.Devices;

/// <summary>
/// Geometry of a 2-D convolution per sample: x (C,H,W), w (K,C,R,S), y (K,P,Q) with
/// P = (H + 2 PadH - R) / StrideH + 1, Q likewise.
/// </summary>
public readonly record struct Conv2dGeometry(int C, int H, int W, int K, int R, int S, int StrideH, int StrideW, int PadH, int PadW)
{
    public int P => (H + (2 * PadH) - R) / StrideH + 1;

    public int Q => (W + (2 * PadW) - S) / StrideW + 1;

    /// <summary>Length of the forward dot product, C x R x S.</summary>
    public int Reduction => C * R * S;
}

/// <summary>Geometry of a 2-D pooling per sample: x (C,H,W), y (C,P,Q).</summary>
public readonly record struct Pool2dGeometry(int C, int H, int W, int R, int S, int StrideH, int StrideW, int PadH, int PadW)
{
    public int P => (H + (2 * PadH) - R) / StrideH + 1;

    public int Q => (W + (2 * PadW) - S) / StrideW + 1;
}

/// <summary>What an operation applies to each output on its way to memory.</summary>
public enum Activation
{
    None,

    /// <summary>1 / (1 + e^-v)</summary>
    Sigmoid,
}

/// <summary>
/// What an operation multiplies into each input gradient on its way to memory: the derivative of the activation that
/// made the operation's input, from that activation's output <paramref name="Output"/> (same shape as dx).
/// </summary>
public readonly record struct ActivationGradient(Activation Activation, Tensor Output)
{
    public static ActivationGradient None => default;
}
