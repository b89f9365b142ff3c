using System.Runtime.InteropServices;

namespace Trainer.Kernels;

/// <summary>An amount on each side of an image; one number stands for all.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Sides(int Left, int Right, int Top, int Bottom)
{
    public static implicit operator Sides(int all) => new(all, all, all, all);

    public static implicit operator Sides((int Left, int Right, int Top, int Bottom) sides) => new(sides.Left, sides.Right, sides.Top, sides.Bottom);

    public override string ToString() => $"({Left},{Right},{Top},{Bottom})";
}
