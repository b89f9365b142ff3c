using System.Runtime.InteropServices;

namespace Trainer.Kernels.Layers;

/// <summary>What one pixel of a layer's output sees of its input.</summary>
/// <param name="Extent">Rows and columns.</param>
/// <param name="Stride">Rows and columns from what one pixel sees to what its neighbour does.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SlidingWindow(Size2 Extent, Size2 Stride)
{
    /// <summary>Rows and columns before the image that the first pixel sees: padding.</summary>
    public Size2 Before { get; init; }

    public static SlidingWindow Pixel => new(1, 1);
}
