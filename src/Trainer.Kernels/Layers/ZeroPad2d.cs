using Trainer.Kernels.Geometries;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>Zeros around each image.</summary>
/// <remarks>x (N,C,H,W)  ->  y (N,C,top + H + bottom,left + W + right). Backward writes dx: the part of dy that the image lies in.</remarks>
[Kind("zero_pad2d")]
public sealed class ZeroPad2d(Sides padding) : Layer
{
    public Sides Padding { get; } = padding;

    public override Shape OutputShape(Shape input)
    {
        foreach (var side in new[] { Padding.Left, Padding.Right, Padding.Top, Padding.Bottom })
        {
            LayerException.CheckAtLeast(0, side, "padding");
        }

        Windows.CheckImage(Kind, input);
        var g = Geometry(input);
        return new Shape(g.C, g.P, g.Q);
    }

    public override void Forward(LayerContext context) => context.Device.Elementwise.ZeroPad2dForward(Geometry(context.Input), context.Samples, context.X, context.Y);

    public override void Backward(LayerContext context)
    {
        if (!context.Dx.IsEmpty)
        {
            context.Device.Elementwise.ZeroPad2dBackward(Geometry(context.Input), context.Samples, context.Dy, context.DxEpilogue, context.Dx);
        }
    }

    internal override SlidingWindow Window(Shape input) => SlidingWindow.Pixel with { Before = (Padding.Top, Padding.Left) };

    internal override string ToOnnx(OnnxContext context, string x) =>
        context.Pad(x, new Size2(Padding.Top, Padding.Left), new Size2(Padding.Bottom, Padding.Right), 0);

    private Pad2dGeometry Geometry(Shape input) => new(input[0], input[1], input[2], Padding.Left, Padding.Right, Padding.Top, Padding.Bottom);
}
