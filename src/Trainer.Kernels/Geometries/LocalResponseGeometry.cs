namespace Trainer.Kernels.Geometries;

/// <summary>Channels of pixels, the window over channels, and the numbers that a window's squares go through.</summary>
/// <remarks>Kernels of a GPU read it too.</remarks>
public readonly struct LocalResponseGeometry(int channels, int pixels, int size, double alpha, double beta, double k)
{
    public int C { get; } = channels;

    public int Pixels { get; } = pixels;

    /// <summary>Channels of the window before its own, and, backward, behind it.</summary>
    public int Before { get; } = size / 2;

    /// <summary>Channels behind its own, and, backward, before it.</summary>
    public int Behind { get; } = (size - 1) / 2;

    /// <summary>alpha / size</summary>
    public float Scale { get; } = (float)(alpha / size);

    public float Beta { get; } = (float)beta;

    public float K { get; } = (float)k;

    /// <summary>2 alpha beta / size</summary>
    public float GradientScale { get; } = (float)(2 * alpha * beta / size);

    public override string ToString() => FormattableString.Invariant($"{C} channels of {Pixels} pixels, window {Before} + 1 + {Behind}, {Scale}, {Beta}, {K}");
}
