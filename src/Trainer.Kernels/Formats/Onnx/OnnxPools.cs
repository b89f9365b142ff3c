using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Formats.Onnx;

/// <summary>Pooling in operators of opset 17. Its ceil_mode is left alone: runtimes do not agree on it; padding at the end says the same.</summary>
internal static class OnnxPools
{
    public static string Max(OnnxGraph graph, MaxPool2d pool, LayerNode node, string x)
    {
        var end = EndPadding(pool, pool.Dilation, node);
        var pads = Pads(pool.Padding, end);
        if (end.Height >= pool.KernelSize.Height || end.Width >= pool.KernelSize.Width) // only with dilation: the operator takes less than a kernel
        {
            x = Pad(graph, x, pads, float.NegativeInfinity);
            pads = Pads(0, 0);
        }

        return graph.Add(
            "MaxPool", [x], ("kernel_shape", Long(pool.KernelSize)), ("strides", Long(pool.Stride)), ("dilations", Long(pool.Dilation)), ("pads", pads));
    }

    /// <summary>Padding that counts is written as zeros before the operator, which then leaves out what a window of ceil_mode has behind them.</summary>
    public static string Average(OnnxGraph graph, AvgPool2d pool, LayerNode node, string x)
    {
        var (start, end) = (pool.Padding, EndPadding(pool, 1, node));
        if (pool.CountIncludePad && start != 0)
        {
            x = Pad(graph, x, Pads(start, start), 0);
            (start, end) = (0, new Size2(Math.Max(0, end.Height - start.Height), Math.Max(0, end.Width - start.Width)));
        }

        return graph.Add(
            "AveragePool",
            [x],
            ("kernel_shape", Long(pool.KernelSize)),
            ("strides", Long(pool.Stride)),
            ("pads", Pads(start, end)),
            ("count_include_pad", 0L));
    }

    /// <summary>Windows of one size are a pool; others are a product with the matrices of their weights from both sides.</summary>
    public static string AdaptiveAverage(OnnxGraph graph, AdaptiveAvgPool2d pool, LayerNode node, string x)
    {
        var (input, output) = (new Size2(node.Input.Shape[1], node.Input.Shape[2]), pool.OutputSize);
        if (output == 1)
        {
            return graph.Add("GlobalAveragePool", [x]);
        }

        if (Divides(input, output))
        {
            return graph.Add("AveragePool", [x], ("kernel_shape", Window(input, output)), ("strides", Window(input, output)));
        }

        var rows = graph.Constant("rows", new Shape(output.Height, input.Height), Averages(input.Height, output.Height));
        var columns = graph.Constant("columns", new Shape(input.Width, output.Width), Transposed(Averages(input.Width, output.Width), input.Width));
        return graph.Add("MatMul", [graph.Add("MatMul", [rows, x]), columns]);
    }

    public static string AdaptiveMax(OnnxGraph graph, AdaptiveMaxPool2d pool, LayerNode node, string x)
    {
        var (input, output) = (new Size2(node.Input.Shape[1], node.Input.Shape[2]), pool.OutputSize);
        return Divides(input, output)
            ? graph.Add("MaxPool", [x], ("kernel_shape", Window(input, output)), ("strides", Window(input, output)))
            : throw new ModelException(node.Path, $"ONNX has no adaptive_max_pool2d from {input} to {output}, whose windows differ in size");
    }

    /// <summary>As much as the last window needs; rows and columns that no window sees need none.</summary>
    private static Size2 EndPadding(Pool2d pool, Size2 dilation, LayerNode node)
    {
        var (input, output) = (node.Input.Shape, node.Output.Shape);
        return new Size2(
            EndPadding(output[1], pool.Stride.Height, Layers.Window.Extent(pool.KernelSize.Height, dilation.Height), input[1] + pool.Padding.Height),
            EndPadding(output[2], pool.Stride.Width, Layers.Window.Extent(pool.KernelSize.Width, dilation.Width), input[2] + pool.Padding.Width));
    }

    private static int EndPadding(int windows, int stride, long extent, int pixels) => (int)Math.Max(0, ((windows - 1L) * stride) + extent - pixels);

    private static string Pad(OnnxGraph graph, string x, long[] pads, float value)
    {
        var amounts = graph.Constant("pads", 0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]);
        return graph.Add("Pad", [x, amounts, graph.Scalar("padding", value)]);
    }

    private static bool Divides(Size2 input, Size2 output) => input.Height % output.Height == 0 && input.Width % output.Width == 0;

    private static long[] Window(Size2 input, Size2 output) => [input.Height / output.Height, input.Width / output.Width];

    /// <summary>(m, n): row i averages positions floor(i n / m) to ceil((i + 1) n / m).</summary>
    private static float[] Averages(int n, int m)
    {
        var matrix = new float[m * n];
        for (var i = 0; i < m; i++)
        {
            var (start, end) = ((int)((long)i * n / m), (int)((((i + 1L) * n) + m - 1) / m));
            matrix.AsSpan((i * n) + start, end - start).Fill(1f / (end - start));
        }

        return matrix;
    }

    private static float[] Transposed(float[] matrix, int columns)
    {
        var rows = matrix.Length / columns;
        return [.. Enumerable.Range(0, matrix.Length).Select(i => matrix[(i % rows * columns) + (i / rows)])];
    }

    private static long[] Pads(Size2 start, Size2 end) => [start.Height, start.Width, end.Height, end.Width];

    private static long[] Long(Size2 size) => [size.Height, size.Width];
}
