using System.Text.Json;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Layers;

/// <summary>The largest element of each window; padding never wins.</summary>
/// <remarks>
/// y[n,c,i,j] = max over r,s of x[n, c, i s_h - p_h + r d_h, j s_w - p_w + s d_w]; among equal ones the first in row order wins, and a NaN over everything.
/// Backward writes dx: to the winner of each window its dy.
/// </remarks>
public sealed class MaxPool2d(Size2 kernelSize) : Pool2d(kernelSize)
{
    public Size2 Dilation { get; init; } = 1;

    public override string Kind => "max_pool2d";

    private protected override Size2 WindowDilation => Dilation;

    public override Shape OutputShape(Shape input)
    {
        var output = base.OutputShape(input);
        return Dilation.Height <= input[1] && Dilation.Width <= input[2]
            ? output
            : throw new LayerException($"{Dilation} is larger than the input {input}", "dilation");
    }

    public override SavedSize Saved(Shape input) => new(Device.MaxPoolSavedElements(Geometry(input)));

    public override void Forward(LayerContext context) => context.Device.MaxPool2dForward(
        Geometry(context.Input), context.Samples, context.X, context.Epilogue, context.Y, context.Saved);

    public override void Backward(LayerContext context)
    {
        if (!context.Dx.IsEmpty)
        {
            context.Device.MaxPool2dBackward(
                Geometry(context.Input), context.Samples, context.Dy, context.Saved, context.DxEpilogue, context.Dx);
        }
    }

    internal static MaxPool2d Read(JsonOptions options)
    {
        var kernel = options.RequiredSize("kernel_size");
        return new MaxPool2d(kernel)
        {
            Stride = options.Size("stride", kernel),
            Padding = options.Size("padding", 0),
            Dilation = options.Size("dilation", 1),
            CeilMode = options.Flag("ceil_mode", false),
        };
    }

    internal override void WriteOptions(Utf8JsonWriter json)
    {
        base.WriteOptions(json);
        json.WriteSizeUnless(1, "dilation", Dilation);
    }
}
