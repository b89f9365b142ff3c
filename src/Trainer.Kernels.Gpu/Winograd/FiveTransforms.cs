using static Trainer.Kernels.Canonical.WinogradPoints;
using static Trainer.Kernels.Gpu.Arithmetic.Exact;

namespace Trainer.Kernels.Gpu.Winograd;

/// <summary>B^T d of F(3, 3), as <see cref="InputTransform6"/> is of F(4, 3); the sixth element is unused.</summary>
internal readonly struct InputTransform5 : ISixTransform
{
    public static Six Of(Six d)
    {
        float scaledP = Multiply((float)P, Fma((float)-Q2, d.V0, d.V2)), oddP = Fma((float)-Q2, d.V1, d.V3);
        float scaledQ = Multiply((float)Q, Fma((float)-P2, d.V0, d.V2)), oddQ = Fma((float)-P2, d.V1, d.V3);
        return new Six(
            Add(scaledP, oddP),
            Subtract(scaledP, oddP),
            Add(scaledQ, oddQ),
            Subtract(scaledQ, oddQ),
            Fma((float)(P2 * Q2), d.V0, Fma((float)-(P2 + Q2), d.V2, d.V4)),
            0);
    }
}

/// <summary>G g</summary>
internal readonly struct FilterTransform3Of5 : ISixTransform
{
    public static Six Of(Six g)
    {
        float evenP = Fma((float)P2, g.V2, g.V0), evenQ = Fma((float)Q2, g.V2, g.V0);
        return new Six(
            Multiply((float)Gp, Fma((float)P, g.V1, evenP)),
            Multiply((float)Gp, Fma((float)-P, g.V1, evenP)),
            Multiply((float)Gq, Fma((float)Q, g.V1, evenQ)),
            Multiply((float)Gq, Fma((float)-Q, g.V1, evenQ)),
            g.V2,
            0);
    }
}

/// <summary>A^T m, three outputs.</summary>
internal readonly struct OutputTransform3 : ISixTransform
{
    public static Six Of(Six m)
    {
        float evenP = Add(m.V0, m.V1), oddP = Subtract(m.V0, m.V1), evenQ = Add(m.V2, m.V3), oddQ = Subtract(m.V2, m.V3);
        return new Six(
            Add(evenP, evenQ),
            Fma((float)Q, oddQ, Multiply((float)P, oddP)),
            Fma((float)Q2, evenQ, Fma((float)P2, evenP, m.V4)),
            0,
            0,
            0);
    }
}

/// <summary>A y, the adjoint of <see cref="OutputTransform3"/>.</summary>
internal readonly struct GradientTransform3 : ISixTransform
{
    public static Six Of(Six y)
    {
        float evenP = Fma((float)P2, y.V2, y.V0), evenQ = Fma((float)Q2, y.V2, y.V0);
        return new Six(
            Fma((float)P, y.V1, evenP), Fma((float)-P, y.V1, evenP), Fma((float)Q, y.V1, evenQ), Fma((float)-Q, y.V1, evenQ), y.V2, 0);
    }
}

/// <summary>G^T u, the adjoint of <see cref="FilterTransform3Of5"/>.</summary>
internal readonly struct FilterGradientTransform3Of5 : ISixTransform
{
    public static Six Of(Six u)
    {
        float evenP = Add(u.V0, u.V1), oddP = Subtract(u.V0, u.V1), evenQ = Add(u.V2, u.V3), oddQ = Subtract(u.V2, u.V3);
        return new Six(
            Fma((float)Gp, evenP, Multiply((float)Gq, evenQ)),
            Fma((float)(P * Gp), oddP, Multiply((float)(Q * Gq), oddQ)),
            Fma((float)(P2 * Gp), evenP, Fma((float)(Q2 * Gq), evenQ, u.V4)),
            0,
            0,
            0);
    }
}
