using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>The largest element of each of P x Q windows that cover the image, whatever its size; (1,1) is global pooling.</summary>
/// <remarks>x (N,C,H,W)  ->  y (N,C,P,Q); window (i,j) has the rows from floor(i H / P) to ceil((i + 1) H / P) and columns likewise. Windows may overlap.</remarks>
[Kind("adaptive_max_pool2d")]
public sealed class AdaptiveMaxPool2d(Size2 outputSize) : AdaptivePool2d(outputSize)
{
    public override SavedSize Saved(Shape input) => new(OutputShape(input).Elements);

    public override void Forward(LayerContext context) => context.Device.Pooling.AdaptiveMaxPool2dForward(
        Geometry(context.Input), context.Samples, context.X, context.Epilogue, context.Y, context.Saved);

    public override void Backward(LayerContext context)
    {
        if (!context.Dx.IsEmpty)
        {
            context.Device.Pooling.AdaptiveMaxPool2dBackward(
                Geometry(context.Input), context.Samples, context.Dy, context.Saved, context.DxEpilogue, context.Dx);
        }
    }

    internal override string ToOnnx(OnnxContext context, string x) => ToOnnx(context, "MaxPool", x) ?? throw context.Refuse(
        $"ONNX has no {Kind} from {new Size2(context.Input[1], context.Input[2])} to {OutputSize}, whose windows differ in size");
}
