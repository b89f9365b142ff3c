using System.Text.Json;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Layers;

/// <summary>The average of each window.</summary>
/// <remarks>
/// y[n,c,i,j] = (sum over the R x S window of x) / size; size is R S where the padding counts (as zeros), else the number of pixels of the image in the window.
/// Backward writes dx: to each pixel dy / size of every window that holds it.
/// </remarks>
public sealed class AvgPool2d(Size2 kernelSize) : Pool2d(kernelSize)
{
    public bool CountIncludePad { get; init; } = true;

    public override string Kind => "avg_pool2d";

    public override void Forward(LayerContext context) => context.Device.AvgPool2dForward(
        Geometry(context.Input), CountIncludePad, context.Samples, context.X, context.Epilogue, context.Y);

    public override void Backward(LayerContext context)
    {
        if (!context.Dx.IsEmpty)
        {
            context.Device.AvgPool2dBackward(
                Geometry(context.Input), CountIncludePad, context.Samples, context.Dy, context.DxEpilogue, context.Dx);
        }
    }

    internal static AvgPool2d Read(JsonOptions options)
    {
        var kernel = options.RequiredSize("kernel_size");
        return new AvgPool2d(kernel)
        {
            Stride = options.Size("stride", kernel),
            Padding = options.Size("padding", 0),
            CeilMode = options.Flag("ceil_mode", false),
            CountIncludePad = options.Flag("count_include_pad", true),
        };
    }

    internal override void WriteOptions(Utf8JsonWriter json)
    {
        base.WriteOptions(json);
        json.WriteUnless(true, "count_include_pad", CountIncludePad);
    }
}
