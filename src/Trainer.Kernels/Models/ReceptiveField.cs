using System.Runtime.InteropServices;
using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

/// <summary>
/// How much of the image one output pixel sees: Araujo, Norris, Sim, "Computing receptive fields of convolutional neural networks", Distill 2019, eq. 2.
/// May be larger than the image, whose edges padding extends.
/// </summary>
/// <param name="Height">Rows that an output pixel depends on.</param>
/// <param name="Width">Columns likewise.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ReceptiveField(long Height, long Width)
{
    /// <summary>Of the model's input.</summary>
    internal static ReceptiveField Pixel => new(1, 1) { StrideHeight = 1, StrideWidth = 1 };

    /// <summary>Rows of the image from one output pixel to the next.</summary>
    internal long StrideHeight { get; init; }

    internal long StrideWidth { get; init; }

    public override string ToString() => $"{Height}x{Width}";

    /// <summary>Behind a layer: r' = r + (k - 1) j, j' = s j, with its window's extent k and stride s, and pixels j apart before.</summary>
    internal ReceptiveField Behind(SlidingWindow window) =>
        new(Height + ((window.Extent.Height - 1) * StrideHeight), Width + ((window.Extent.Width - 1) * StrideWidth))
        {
            StrideHeight = StrideHeight * window.Stride.Height,
            StrideWidth = StrideWidth * window.Stride.Width,
        };

    /// <summary>Of a sum or concatenation: the largest of those it is made of.</summary>
    internal ReceptiveField Or(ReceptiveField other) => new(Math.Max(Height, other.Height), Math.Max(Width, other.Width))
    {
        StrideHeight = StrideHeight,
        StrideWidth = StrideWidth,
    };
}
