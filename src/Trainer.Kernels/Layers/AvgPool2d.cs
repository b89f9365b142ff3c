using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>The average of each window.</summary>
/// <remarks>
/// y[n,c,i,j] = (sum over the R x S window of x) / size; size is R S where the padding counts (as zeros), else the number of pixels of the image in the window.
/// Backward writes dx: to each pixel dy / size of every window that holds it.
/// </remarks>
[Kind("avg_pool2d")]
public sealed class AvgPool2d(Size2 kernelSize) : Pool2d(kernelSize)
{
    public bool CountIncludePad { get; init; } = true;

    public override void Forward(LayerContext context) => context.Device.Pooling.AvgPool2dForward(
        Geometry(context.Input), CountIncludePad, context.Samples, context.X, context.Epilogue, context.Y);

    public override void Backward(LayerContext context)
    {
        if (!context.Dx.IsEmpty)
        {
            context.Device.Pooling.AvgPool2dBackward(
                Geometry(context.Input), CountIncludePad, context.Samples, context.Dy, context.DxEpilogue, context.Dx);
        }
    }

    /// <summary>Padding that counts is written as zeros before the operator, which then leaves out what a window of ceil_mode has behind them.</summary>
    internal override string ToOnnx(OnnxContext context, string x)
    {
        var (start, end) = (Padding, EndPadding(context));
        if (CountIncludePad && start != 0)
        {
            x = context.Pad(x, start, start, 0);
            (start, end) = (0, new Size2(Math.Max(0, end.Height - start.Height), Math.Max(0, end.Width - start.Width)));
        }

        return context.Graph.Add(
            "AveragePool",
            [x],
            ("kernel_shape", KernelSize.ToArray()),
            ("strides", Stride.ToArray()),
            ("pads", OnnxContext.Pads(start, end)),
            ("count_include_pad", 0L));
    }
}
