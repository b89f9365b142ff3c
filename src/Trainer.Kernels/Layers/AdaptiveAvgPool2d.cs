using Trainer.Kernels.Models;

namespace Trainer.Kernels.Layers;

/// <summary>The average of each of P x Q windows that cover the image, whatever its size; (1,1) is global pooling.</summary>
/// <remarks>x (N,C,H,W)  ->  y (N,C,P,Q); window (i,j) has the rows from floor(i H / P) to ceil((i + 1) H / P) and columns likewise. Windows may overlap.</remarks>
public sealed class AdaptiveAvgPool2d(Size2 outputSize) : AdaptivePool2d(outputSize)
{
    public override string Kind => "adaptive_avg_pool2d";

    public override void Forward(LayerContext context) => context.Device.AdaptiveAvgPool2dForward(
        Geometry(context.Input), context.Samples, context.X, context.Epilogue, context.Y);

    public override void Backward(LayerContext context)
    {
        if (!context.Dx.IsEmpty)
        {
            context.Device.AdaptiveAvgPool2dBackward(
                Geometry(context.Input), context.Samples, context.Dy, context.DxEpilogue, context.Dx);
        }
    }

    internal static AdaptiveAvgPool2d Read(JsonOptions options) => new(options.RequiredSize("output_size"));
}
