using static Trainer.Kernels.Canonical.WinogradPoints;
using static Trainer.Kernels.Gpu.Arithmetic.Exact;

namespace Trainer.Kernels.Gpu.Winograd;

/// <summary>B^T d. The same operations in the same order as the CPU's, which say where they come from (Cpu/Convolution/Winograd/IWinogradTransforms.cs).</summary>
internal readonly struct InputTransform6 : ISixTransform
{
    public static Six Of(Six d)
    {
        float evenA = Fma((float)-B2, d.V2, d.V4), oddA = Fma((float)-B2, d.V1, d.V3);
        float evenB = Fma((float)-A2, d.V2, d.V4), oddB = Fma((float)-A2, d.V1, d.V3);
        return new Six(
            Fma((float)(A2 * B2), d.V0, Fma((float)-(A2 + B2), d.V2, d.V4)),
            Fma((float)A, oddA, evenA),
            Fma((float)-A, oddA, evenA),
            Fma((float)B, oddB, evenB),
            Fma((float)-B, oddB, evenB),
            Fma((float)(A2 * B2), d.V1, Fma((float)-(A2 + B2), d.V3, d.V5)));
    }
}

/// <summary>G g</summary>
internal readonly struct FilterTransform3 : ISixTransform
{
    public static Six Of(Six g)
    {
        float evenA = Fma((float)A2, g.V2, g.V0), evenB = Fma((float)B2, g.V2, g.V0);
        return new Six(
            Multiply((float)G0, g.V0),
            Multiply((float)Ga, Fma((float)A, g.V1, evenA)),
            Multiply((float)Ga, Fma((float)-A, g.V1, evenA)),
            Multiply((float)Gb, Fma((float)B, g.V1, evenB)),
            Multiply((float)Gb, Fma((float)-B, g.V1, evenB)),
            g.V2);
    }
}

/// <summary>G g of five taps.</summary>
internal readonly struct FilterTransform5 : ISixTransform
{
    public static Six Of(Six g)
    {
        float evenA = Fma((float)A2, Fma((float)A2, g.V4, g.V2), g.V0), oddA = Fma((float)A2, g.V3, g.V1);
        float evenB = Fma((float)B2, Fma((float)B2, g.V4, g.V2), g.V0), oddB = Fma((float)B2, g.V3, g.V1);
        return new Six(
            Multiply((float)G0, g.V0),
            Multiply((float)Ga, Fma((float)A, oddA, evenA)),
            Multiply((float)Ga, Fma((float)-A, oddA, evenA)),
            Multiply((float)Gb, Fma((float)B, oddB, evenB)),
            Multiply((float)Gb, Fma((float)-B, oddB, evenB)),
            g.V4);
    }
}

/// <summary>A^T m, four outputs.</summary>
internal readonly struct OutputTransform4 : ISixTransform
{
    public static Six Of(Six m)
    {
        float evenA = Add(m.V1, m.V2), oddA = Subtract(m.V1, m.V2), evenB = Add(m.V3, m.V4), oddB = Subtract(m.V3, m.V4);
        return new Six(
            Add(Add(m.V0, evenA), evenB),
            Fma((float)B, oddB, Multiply((float)A, oddA)),
            Fma((float)B2, evenB, Multiply((float)A2, evenA)),
            Fma((float)(B * B2), oddB, Fma((float)(A * A2), oddA, m.V5)),
            0,
            0);
    }
}

/// <summary>A^T m, two outputs.</summary>
internal readonly struct OutputTransform2 : ISixTransform
{
    public static Six Of(Six m) => new(
        Add(Add(m.V0, Add(m.V1, m.V2)), Add(m.V3, m.V4)),
        Fma((float)B, Subtract(m.V3, m.V4), Fma((float)A, Subtract(m.V1, m.V2), m.V5)),
        0,
        0,
        0,
        0);
}

/// <summary>A y, the adjoint of <see cref="OutputTransform4"/>.</summary>
internal readonly struct GradientTransform4 : ISixTransform
{
    public static Six Of(Six y)
    {
        float evenA = Fma((float)A2, y.V2, y.V0), oddA = Fma((float)(A * A2), y.V3, Multiply((float)A, y.V1));
        float evenB = Fma((float)B2, y.V2, y.V0), oddB = Fma((float)(B * B2), y.V3, Multiply((float)B, y.V1));
        return new Six(y.V0, Add(evenA, oddA), Subtract(evenA, oddA), Add(evenB, oddB), Subtract(evenB, oddB), y.V3);
    }
}

/// <summary>A y, the adjoint of <see cref="OutputTransform2"/>.</summary>
internal readonly struct GradientTransform2 : ISixTransform
{
    public static Six Of(Six y) => new(
        y.V0,
        Fma((float)A, y.V1, y.V0),
        Fma((float)-A, y.V1, y.V0),
        Fma((float)B, y.V1, y.V0),
        Fma((float)-B, y.V1, y.V0),
        y.V1);
}

/// <summary>G^T u, the adjoint of <see cref="FilterTransform3"/>.</summary>
internal readonly struct FilterGradientTransform3 : ISixTransform
{
    public static Six Of(Six u)
    {
        float evenA = Add(u.V1, u.V2), oddA = Subtract(u.V1, u.V2), evenB = Add(u.V3, u.V4), oddB = Subtract(u.V3, u.V4);
        return new Six(
            Fma((float)G0, u.V0, Fma((float)Ga, evenA, Multiply((float)Gb, evenB))),
            Fma((float)(A * Ga), oddA, Multiply((float)(B * Gb), oddB)),
            Fma((float)(A2 * Ga), evenA, Fma((float)(B2 * Gb), evenB, u.V5)),
            0,
            0,
            0);
    }
}

/// <summary>G^T u, the adjoint of <see cref="FilterTransform5"/>.</summary>
internal readonly struct FilterGradientTransform5 : ISixTransform
{
    public static Six Of(Six u)
    {
        float evenA = Add(u.V1, u.V2), oddA = Subtract(u.V1, u.V2), evenB = Add(u.V3, u.V4), oddB = Subtract(u.V3, u.V4);
        return new Six(
            Fma((float)G0, u.V0, Fma((float)Ga, evenA, Multiply((float)Gb, evenB))),
            Fma((float)(A * Ga), oddA, Multiply((float)(B * Gb), oddB)),
            Fma((float)(A2 * Ga), evenA, Multiply((float)(B2 * Gb), evenB)),
            Fma((float)(A * A2 * Ga), oddA, Multiply((float)(B * B2 * Gb), oddB)),
            Fma((float)(A2 * A2 * Ga), evenA, Fma((float)(B2 * B2 * Gb), evenB, u.V5)),
            0);
    }
}
