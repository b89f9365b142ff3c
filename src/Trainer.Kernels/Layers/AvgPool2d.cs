using System.Text.Json;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Layers;

/// <summary>Average over windows; padding counts as zeros (torch's count_include_pad).</summary>
/// <remarks>
/// x (N,C,H,W)  ->  y (N,C,P,Q),  P = (H + 2 p - R) / s + 1 rounded down, Q likewise:
/// y[n,c,i,j] = (sum over the R x S window of x) / (R S). Backward writes dx: to each pixel dy / (R S) of every window that holds it.
/// </remarks>
public sealed class AvgPool2d(Size2 kernelSize) : Layer
{
    public Size2 KernelSize { get; } = kernelSize;

    public Size2 Stride { get; init; } = kernelSize;

    public Size2 Padding { get; init; } = 0;

    public override string Kind => "avg_pool2d";

    public override bool TakesDerivative => true;

    public override Shape OutputShape(Shape input)
    {
        LayerException.CheckAtLeast(0, Padding, "padding");
        Window.Check(Kind, input, KernelSize, Stride, Padding);
        if (Padding.Height > KernelSize.Height / 2 || Padding.Width > KernelSize.Width / 2)
        {
            throw new LayerException($"{Padding} is more than half of the kernel {KernelSize}", "padding");
        }

        var g = Geometry(input);
        return new Shape(g.C, g.P, g.Q);
    }

    public override void Forward(LayerContext context) =>
        context.Device.AvgPool2dForward(Geometry(context.Input), true, context.Samples, context.X, context.Epilogue, context.Y);

    public override void Backward(LayerContext context)
    {
        if (!context.Dx.IsEmpty)
        {
            context.Device.AvgPool2dBackward(Geometry(context.Input), true, context.Samples, context.Dy, context.DxEpilogue, context.Dx);
        }
    }

    internal static AvgPool2d Read(JsonOptions options)
    {
        var kernel = options.RequiredSize("kernel_size");
        return new AvgPool2d(kernel) { Stride = options.Size("stride", kernel), Padding = options.Size("padding", 0) };
    }

    internal override void WriteOptions(Utf8JsonWriter json)
    {
        json.WriteSize("kernel_size", KernelSize);
        json.WriteSizeUnless(KernelSize, "stride", Stride);
        json.WriteSizeUnless(0, "padding", Padding);
    }

    private Pool2dGeometry Geometry(Shape input) => new(
        input[0], input[1], input[2], KernelSize.Height, KernelSize.Width, Stride.Height, Stride.Width, Padding.Height, Padding.Width);
}
