namespace Trainer.Kernels.Canonical;

/// <summary>The finite points 0, +-A and +-B at which Winograd's transforms evaluate, and what follows from them for m(x) = x (x^2 - A^2) (x^2 - B^2).</summary>
internal static class WinogradPoints
{
    public const double A = 0.625;
    public const double B = 1.5;
    public const double A2 = A * A;
    public const double B2 = B * B;

    /// <summary>1 / m'(0)</summary>
    public const double G0 = 1 / (A2 * B2);

    /// <summary>1 / m'(A)</summary>
    public const double Ga = 1 / (2 * A2 * (A2 - B2));

    /// <summary>1 / m'(B)</summary>
    public const double Gb = 1 / (2 * B2 * (B2 - A2));
}
