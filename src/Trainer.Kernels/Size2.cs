using System.Runtime.InteropServices;

namespace Trainer.Kernels;

/// <summary>A size in two dimensions; one number stands for both.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Size2(int Height, int Width)
{
    public static implicit operator Size2(int both) => new(both, both);

    public static implicit operator Size2((int Height, int Width) size) => new(size.Height, size.Width);

    public override string ToString() => $"({Height},{Width})";

    /// <summary>For formats whose sizes are lists of whole numbers.</summary>
    internal long[] ToArray() => [Height, Width];
}
