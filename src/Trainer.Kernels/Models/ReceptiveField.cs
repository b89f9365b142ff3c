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

    /// <summary>Behind a layer with this input: r' = r + (k - 1) j, j' = s j, with the window's extent k, its stride s and pixels j apart before.</summary>
    internal ReceptiveField Behind(Layer layer, Shape input) => layer switch
    {
        Conv2d conv => Slide(Extent(conv.KernelSize, conv.Dilation), conv.Stride),
        MaxPool2d pool => Slide(Extent(pool.KernelSize, pool.Dilation), pool.Stride),
        Pool2d pool => Slide(pool.KernelSize, pool.Stride),
        AdaptivePool2d pool => Slide(Largest(input, pool.OutputSize), Apart(input, pool.OutputSize)),
        Flatten when input.Rank == 3 => Slide(new Size2(input[1], input[2]), 1),
        _ => this,
    };

    /// <summary>Of a sum or concatenation: the largest of those it is made of.</summary>
    internal ReceptiveField Or(ReceptiveField other) => new(Math.Max(Height, other.Height), Math.Max(Width, other.Width))
    {
        StrideHeight = StrideHeight,
        StrideWidth = StrideWidth,
    };

    private static Size2 Extent(Size2 kernel, Size2 dilation) =>
        new((int)Window.Extent(kernel.Height, dilation.Height), (int)Window.Extent(kernel.Width, dilation.Width));

    private static Size2 Largest(Shape input, Size2 output) => new(Largest(input[1], output.Height), Largest(input[2], output.Width));

    /// <summary>Window i of an adaptive pool runs from floor(i n / m) to ceil((i + 1) n / m).</summary>
    private static int Largest(int n, int m) => Enumerable.Range(0, m).Max(i => (int)((((i + 1L) * n) + m - 1) / m) - (int)((long)i * n / m));

    private static Size2 Apart(Shape input, Size2 output) => new(Math.Max(1, input[1] / output.Height), Math.Max(1, input[2] / output.Width));

    private ReceptiveField Slide(Size2 window, Size2 stride) => new(Height + ((window.Height - 1) * StrideHeight), Width + ((window.Width - 1) * StrideWidth))
    {
        StrideHeight = StrideHeight * stride.Height,
        StrideWidth = StrideWidth * stride.Width,
    };
}
