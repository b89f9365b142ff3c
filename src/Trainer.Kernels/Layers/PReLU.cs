using Trainer.Kernels.Geometries;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>y = x where x &gt; 0, else a x with a learnt slope a, one for all or one for each channel: He et al. 2015 (arXiv:1502.01852), eq. 1.</summary>
/// <remarks>
/// Backward writes dx, and da per subtree root: the sum over a channel of dy x where x is 0 or less, in the order of a bias gradient. All =, never +=.
/// </remarks>
[Kind("prelu")]
public sealed class PReLU(int numParameters = 1) : Layer
{
    public int NumParameters { get; } = numParameters;

    /// <summary>The first slope.</summary>
    public double Init { get; init; } = 0.25;

    public override bool BackwardReadsInput => true;

    public override Shape OutputShape(Shape input)
    {
        LayerException.CheckAtLeast(1, NumParameters, "num_parameters");
        return NumParameters == 1 || (input.Rank > 0 && input[0] == NumParameters)
            ? input
            : throw new LayerException($"{NumParameters}; expected 1 or the channels of the input {input}", "num_parameters");
    }

    public override IReadOnlyList<Parameter> Parameters(Shape input) => [new("weight", new Shape(NumParameters), new Constant((float)Init))];

    /// <summary>What each element adds to the gradient of its slope: filled and summed backward.</summary>
    public override SavedSize Saved(Shape input) => new(input.Elements);

    public override void Forward(LayerContext context)
    {
        var (channels, pixels) = Extent(context.Input);
        context.Device.Elementwise.PReluForward(channels, pixels, context.Samples, context.X, context.Parameter(0), context.Y);
    }

    public override void Backward(LayerContext context)
    {
        var (channels, pixels) = Extent(context.Input);
        context.Device.Elementwise.PReluBackward(
            channels, pixels, context.Samples, context.X, context.Dy, context.Parameter(0), context.Saved, context.DxEpilogue, context.Dx);
        context.Products.Conv2dBackwardWeights(Sum(context.Input), context.Training, context.X, context.Saved, [], context.Gradients(0));
    }

    internal override string ToOnnx(OnnxContext context, string x)
    {
        var perChannel = new Shape([NumParameters, .. Enumerable.Repeat(1, context.Input.Rank - 1)]);
        return context.Graph.Add("PRelu", [x, context.Tensor("weight", perChannel)]);
    }

    private (int Channels, int Pixels) Extent(Shape input) =>
        NumParameters == 1 ? (1, checked((int)input.Elements)) : (NumParameters, (int)(input.Elements / NumParameters));

    /// <summary>The convolution whose bias gradient is the sum over a channel, or over all channels as rows of one.</summary>
    private Conv2dGeometry Sum(Shape input)
    {
        var (rows, columns) = input.Rank == 3 ? (input[1], input[2]) : (1, 1);
        var channels = (int)(input.Elements / rows / columns);
        return NumParameters == 1
            ? new Conv2dGeometry(1, channels * rows, columns, 1, 1, 1, 1, 1, 0, 0)
            : new Conv2dGeometry(channels, rows, columns, channels, 1, 1, 1, 1, 0, 0);
    }
}
