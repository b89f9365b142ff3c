using Trainer.Kernels.Geometries;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>
/// y_c = x_c d_c^-beta with d_c = k + alpha (sum over the window of x^2) / size, for each pixel: Krizhevsky, Sutskever, Hinton 2012, section 3.3, with torch's mean in the place of the
/// sum. The window has the channels c - size / 2 to c + (size - 1) / 2; those beyond the image count as zeros.
/// </summary>
/// <remarks>
/// x, y (N,C,H,W). Backward writes dx_c = dy_c d_c^-beta - 2 alpha beta / size x_c sum of dy x d^-beta / d over the channels whose windows have c.
/// </remarks>
[Kind("local_response_norm")]
public sealed class LocalResponseNorm(int size) : Layer
{
    public int Size { get; } = size;

    public double Alpha { get; init; } = 1e-4;

    public double Beta { get; init; } = 0.75;

    public double K { get; init; } = 1;

    public override bool BackwardReadsInput => true;

    public override Shape OutputShape(Shape input)
    {
        LayerException.CheckAtLeast(1, Size, "size");
        LayerException.CheckBetween(0, 1e6, Alpha, "alpha");
        LayerException.CheckBetween(0, 1e6, Beta, "beta");
        LayerException.CheckBetween(0, 1e6, K, "k");
        Windows.CheckImage(Kind, input);
        return input;
    }

    /// <summary>d^-beta and d.</summary>
    public override SavedSize Saved(Shape input) => new(2 * input.Elements);

    public override void Forward(LayerContext context) =>
        context.Device.Normalization.LocalResponseForward(Geometry(context.Input), context.Samples, context.X, context.Saved, context.Y);

    public override void Backward(LayerContext context)
    {
        if (!context.Dx.IsEmpty)
        {
            context.Device.Normalization.LocalResponseBackward(
                Geometry(context.Input), context.Samples, context.X, context.Dy, context.Saved, context.DxEpilogue, context.Dx);
        }
    }

    /// <summary>ONNX's window reaches further behind than before where its size is even, torch's the other way.</summary>
    internal override string ToOnnx(OnnxContext context, string x) => Size % 2 == 1
        ? context.Graph.Add("LRN", [x], ("size", (long)Size), ("alpha", (float)Alpha), ("beta", (float)Beta), ("bias", (float)K))
        : throw context.Refuse($"ONNX has {Kind} with odd sizes alone; its window of {Size} channels would be another");

    private LocalResponseGeometry Geometry(Shape input) => new(input[0], (int)(input.Elements / input[0]), Size, Alpha, Beta, K);
}
