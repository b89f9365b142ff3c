using System.Runtime.InteropServices;
using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

/// <summary>
/// How much of the image one output pixel sees: Araujo, Norris, Sim, "Computing receptive fields of convolutional neural networks", Distill 2019, eq. 2 and 4.
/// May be larger than the image, whose edges padding extends.
/// </summary>
/// <param name="Height">Rows that an output pixel depends on.</param>
/// <param name="Width">Columns likewise.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ReceptiveField(long Height, long Width)
{
    /// <summary>Of the model's input.</summary>
    internal static ReceptiveField Pixel => new(1, 1) { StrideHeight = 1, StrideWidth = 1 };

    /// <summary>The image's first row that the first output pixel sees; below 0: padding before it.</summary>
    public long Top { get; init; }

    /// <summary>The first column likewise.</summary>
    public long Left { get; init; }

    /// <summary>Rows of the image from one output pixel to the next.</summary>
    public long StrideHeight { get; init; }

    /// <summary>Columns likewise.</summary>
    public long StrideWidth { get; init; }

    public override string ToString() => $"{Height}x{Width}";

    /// <summary>Behind a layer: r' = r + (k - 1) j, j' = s j, with its window's extent k and stride s, and pixels j apart before.</summary>
    internal ReceptiveField Behind(SlidingWindow window) =>
        new(Height + ((window.Extent.Height - 1) * StrideHeight), Width + ((window.Extent.Width - 1) * StrideWidth))
        {
            Top = Top - (window.Before.Height * StrideHeight),
            Left = Left - (window.Before.Width * StrideWidth),
            StrideHeight = StrideHeight * window.Stride.Height,
            StrideWidth = StrideWidth * window.Stride.Width,
        };

    /// <summary>Of a sum or concatenation: from the first that one of its parts sees to the last.</summary>
    internal ReceptiveField Or(ReceptiveField other)
    {
        var (top, left) = (Math.Min(Top, other.Top), Math.Min(Left, other.Left));
        return new ReceptiveField(Math.Max(Top + Height, other.Top + other.Height) - top, Math.Max(Left + Width, other.Left + other.Width) - left)
        {
            Top = top,
            Left = left,
            StrideHeight = StrideHeight,
            StrideWidth = StrideWidth,
        };
    }
}
