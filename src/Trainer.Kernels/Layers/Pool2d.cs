using System.Text.Json;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Layers;

/// <summary>What windows that slide over (C,H,W) channel by channel have in common.</summary>
/// <remarks>x (N,C,H,W)  ->  y (N,C,P,Q),  P = (H + 2 p - d (R - 1) - 1) / s + 1 rounded down, or up with ceil_mode; Q likewise.</remarks>
public abstract class Pool2d(Size2 kernelSize) : Layer
{
    public Size2 KernelSize { get; } = kernelSize;

    public Size2 Stride { get; init; } = kernelSize;

    public Size2 Padding { get; init; } = 0;

    /// <summary>P and Q are rounded up; a last window that would start behind the image is left out.</summary>
    public bool CeilMode { get; init; }

    public override bool TakesEpilogue => true;

    private protected virtual Size2 WindowDilation => 1;

    public override Shape OutputShape(Shape input)
    {
        Window.Check(Kind, input, KernelSize, Stride, Padding, WindowDilation);
        Window.CheckPoolPadding(KernelSize, Padding);
        var g = Geometry(input);
        return new Shape(g.C, g.P, g.Q);
    }

    internal override void WriteOptions(Utf8JsonWriter json)
    {
        json.WriteSize("kernel_size", KernelSize);
        json.WriteSizeUnless(KernelSize, "stride", Stride);
        json.WriteSizeUnless(0, "padding", Padding);
        json.WriteUnless(false, "ceil_mode", CeilMode);
    }

    private protected Pool2dGeometry Geometry(Shape input) => new(
        input[0], input[1], input[2], KernelSize.Height, KernelSize.Width, Stride.Height, Stride.Width,
        Padding.Height, Padding.Width, WindowDilation.Height, WindowDilation.Width, CeilMode);
}
