namespace Trainer.Kernels.Canonical;

/// <summary>
/// The finite points at which Winograd's transforms evaluate, beside infinity, and what follows from them: 0, +-A and +-B for six inputs,
/// m(x) = x (x^2 - A^2) (x^2 - B^2); +-P and +-Q for five, m(x) = (x^2 - P^2) (x^2 - Q^2).
/// </summary>
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

    public const double P = 0.375;
    public const double Q = 1.375;
    public const double P2 = P * P;
    public const double Q2 = Q * Q;

    /// <summary>1 / m'(P)</summary>
    public const double Gp = 1 / (2 * P * (P2 - Q2));

    /// <summary>1 / m'(Q)</summary>
    public const double Gq = 1 / (2 * Q * (Q2 - P2));
}
