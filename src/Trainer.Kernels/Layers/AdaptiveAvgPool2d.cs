using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>The average of each of P x Q windows that cover the image, whatever its size; (1,1) is global pooling.</summary>
/// <remarks>x (N,C,H,W)  ->  y (N,C,P,Q); window (i,j) has the rows from floor(i H / P) to ceil((i + 1) H / P) and columns likewise. Windows may overlap.</remarks>
[Kind("adaptive_avg_pool2d")]
public sealed class AdaptiveAvgPool2d(Size2 outputSize) : AdaptivePool2d(outputSize)
{
    public override void Forward(LayerContext context) => context.Device.Pooling.AdaptiveAvgPool2dForward(
        Geometry(context.Input), context.Samples, context.X, context.Epilogue, context.Y);

    public override void Backward(LayerContext context)
    {
        if (!context.Dx.IsEmpty)
        {
            context.Device.Pooling.AdaptiveAvgPool2dBackward(
                Geometry(context.Input), context.Samples, context.Dy, context.DxEpilogue, context.Dx);
        }
    }

    /// <summary>Windows of different sizes are a product with the matrices of their weights from both sides.</summary>
    internal override string ToOnnx(OnnxContext context, string x)
    {
        var graph = context.Graph;
        if (OutputSize == 1)
        {
            return graph.Add("GlobalAveragePool", [x]);
        }

        return ToOnnx(context, "AveragePool", x) ?? graph.Add("MatMul", [graph.Add("MatMul", [Rows(context), x]), Columns(context)]);
    }

    /// <summary>(P,H): row i averages the rows of window i.</summary>
    private string Rows(OnnxContext context)
    {
        var (n, m) = (context.Input[1], OutputSize.Height);
        return context.Graph.Constant("rows", new Shape(m, n), [.. Enumerable.Range(0, m * n).Select(i => Weight(i / n, i % n, n, m))]);
    }

    /// <summary>(W,Q): column j averages the columns of window j.</summary>
    private string Columns(OnnxContext context)
    {
        var (n, m) = (context.Input[2], OutputSize.Width);
        return context.Graph.Constant("columns", new Shape(n, m), [.. Enumerable.Range(0, m * n).Select(i => Weight(i % m, i / m, n, m))]);
    }

    /// <summary>What a pixel counts in window <paramref name="window"/> of m over n pixels.</summary>
    private static float Weight(int window, int pixel, int n, int m)
    {
        var (start, end) = Run(window, n, m);
        return pixel >= start && pixel < end ? 1f / (end - start) : 0;
    }
}
