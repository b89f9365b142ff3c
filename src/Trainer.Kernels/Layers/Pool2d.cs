using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Layers;

/// <summary>What windows that slide over (C,H,W) channel by channel have in common.</summary>
/// <remarks>x (N,C,H,W)  ->  y (N,C,P,Q),  P = (H + 2 p - d (R - 1) - 1) / s + 1 rounded down, or up with ceil_mode; Q likewise.</remarks>
public abstract class Pool2d(Size2 kernelSize) : Layer
{
    public Size2 KernelSize { get; } = kernelSize;

    public Size2 Stride { get; init; } = kernelSize;

    public Size2 Padding { get; init; } = 0;

    /// <summary>P and Q are rounded up, so that a window may be larger than the image; a last window that would start behind the image is left out.</summary>
    public bool CeilMode { get; init; }

    public override bool TakesEpilogue => true;

    /// <summary>Pixels from one value of the window to the next; 1 along a kernel of 1.</summary>
    private protected virtual Size2 WindowDilation => 1;

    public override Shape OutputShape(Shape input)
    {
        var beyond = CeilMode ? new Size2(Stride.Height - 1, Stride.Width - 1) : 0;
        Windows.Check(Kind, input, KernelSize, Stride, Padding, WindowDilation, beyond);
        Windows.CheckPoolPadding(KernelSize, Padding);
        var g = Geometry(input);
        return new Shape(g.C, g.P, g.Q);
    }

    internal override SlidingWindow Window(Shape input) => new(Windows.Extent(KernelSize, WindowDilation), Stride) { Before = Padding };

    /// <summary>
    /// Zero padding at the end that stands for ceil_mode, on which ONNX's runtimes do not agree: as much as the last window needs. Rows and columns that no window sees need none.
    /// </summary>
    private protected Size2 EndPadding(OnnxContext context)
    {
        var (extent, output) = (Windows.Extent(KernelSize, WindowDilation), context.Output);
        return new Size2(
            EndPadding(output[1], Stride.Height, extent.Height, context.Input[1] + Padding.Height),
            EndPadding(output[2], Stride.Width, extent.Width, context.Input[2] + Padding.Width));
    }

    private static int EndPadding(int windows, int stride, int extent, int pixels) => (int)Math.Max(0, ((windows - 1L) * stride) + extent - pixels);

    private protected Pool2dGeometry Geometry(Shape input) => new(
        input[0], input[1], input[2], KernelSize.Height, KernelSize.Width, Stride.Height, Stride.Width,
        Padding.Height, Padding.Width, WindowDilation.Height, WindowDilation.Width, CeilMode);
}
