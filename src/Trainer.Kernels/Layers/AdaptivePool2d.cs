using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Layers;

/// <summary>What pools with a given output size have in common.</summary>
public abstract class AdaptivePool2d(Size2 outputSize) : Layer
{
    public Size2 OutputSize { get; } = outputSize;

    public override bool TakesEpilogue => true;

    public override Shape OutputShape(Shape input)
    {
        LayerException.CheckAtLeast(1, OutputSize, "output_size");
        Windows.CheckImage(Kind, input);
        return new Shape(input[0], OutputSize.Height, OutputSize.Width);
    }

    internal override SlidingWindow Window(Shape input) => new(
        new Size2(Largest(input[1], OutputSize.Height), Largest(input[2], OutputSize.Width)),
        new Size2(Math.Max(1, input[1] / OutputSize.Height), Math.Max(1, input[2] / OutputSize.Width)));

    /// <summary>Where window i of m over n pixels begins and ends.</summary>
    private protected static (int Start, int End) Run(int i, int n, int m) => ((int)((long)i * n / m), (int)((((i + 1L) * n) + m - 1) / m));

    /// <summary>The pool of equal windows that it is, in ONNX's words; null: its windows differ in size.</summary>
    private protected string? ToOnnx(OnnxContext context, string op, string x)
    {
        if (context.Input[1] % OutputSize.Height != 0 || context.Input[2] % OutputSize.Width != 0)
        {
            return null;
        }

        long[] window = [context.Input[1] / OutputSize.Height, context.Input[2] / OutputSize.Width];
        return context.Graph.Add(op, [x], ("kernel_shape", window), ("strides", window));
    }

    private static int Largest(int n, int m) => Enumerable.Range(0, m).Max(i => Run(i, n, m).End - Run(i, n, m).Start);

    private protected AdaptivePool2dGeometry Geometry(Shape input) => new(input[0], input[1], input[2], OutputSize.Height, OutputSize.Width);
}
