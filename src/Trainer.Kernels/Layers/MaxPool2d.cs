using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>The largest element of each window; padding never wins.</summary>
/// <remarks>
/// y[n,c,i,j] = max over r,s of x[n, c, i s_h - p_h + r d_h, j s_w - p_w + s d_w]; among equal ones the first in row order wins, and a NaN over everything.
/// Backward writes dx: to the winner of each window its dy.
/// </remarks>
[Kind("max_pool2d")]
public sealed class MaxPool2d(Size2 kernelSize) : Pool2d(kernelSize)
{
    public Size2 Dilation { get; init; } = 1;

    private protected override Size2 WindowDilation => new(KernelSize.Height == 1 ? 1 : Dilation.Height, KernelSize.Width == 1 ? 1 : Dilation.Width);

    public override Shape OutputShape(Shape input)
    {
        LayerException.CheckAtLeast(1, Dilation, "dilation");
        var output = base.OutputShape(input);
        return (Padding.Height == 0 || WindowDilation.Height <= input[1]) && (Padding.Width == 0 || WindowDilation.Width <= input[2])
            ? output
            : throw new LayerException($"{Dilation} is larger than the input {input}: a window would lie in its padding alone", "dilation");
    }

    public override SavedSize Saved(Shape input) => new(Geometry(input).ChosenElements);

    public override void Forward(LayerContext context) => context.Device.Pooling.MaxPool2dForward(
        Geometry(context.Input), context.Samples, context.X, context.Epilogue, context.Y, context.Saved);

    public override void Backward(LayerContext context)
    {
        if (!context.Dx.IsEmpty)
        {
            context.Device.Pooling.MaxPool2dBackward(
                Geometry(context.Input), context.Samples, context.Dy, context.Saved, context.DxEpilogue, context.Dx);
        }
    }

    internal override string ToOnnx(OnnxContext context, string x)
    {
        var (start, end) = (Padding, EndPadding(context));
        if (end.Height >= KernelSize.Height || end.Width >= KernelSize.Width) // only with dilation: the operator takes less than a kernel
        {
            x = context.Pad(x, start, end, float.NegativeInfinity);
            (start, end) = (0, 0);
        }

        return context.Graph.Add(
            "MaxPool",
            [x],
            ("kernel_shape", KernelSize.ToArray()),
            ("strides", Stride.ToArray()),
            ("dilations", WindowDilation.ToArray()),
            ("pads", OnnxContext.Pads(start, end)));
    }
}
