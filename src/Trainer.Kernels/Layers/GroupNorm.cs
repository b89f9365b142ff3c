using Trainer.Kernels.Geometries;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>Normalisation of each sample by runs of its channels: Wu and He 2018 (arXiv:1803.08494), eq. 1, 2, 7.</summary>
/// <remarks>
/// x (N,C,...)  ->  y = (x - mean) / sqrt(variance + eps) x weight + bias, mean and biased variance over the C / G channels of a group. A group of one value gives its bias.
/// Backward writes dweight and dbias per subtree root, and dx, all =, never +=.
/// </remarks>
[Kind("group_norm")]
public sealed class GroupNorm(int numGroups) : Layer
{
    public int NumGroups { get; } = numGroups;

    public double Eps { get; init; } = 1e-5;

    public bool Affine { get; init; } = true;

    public override bool TakesEpilogue => true;

    public override bool BackwardReadsInput => true;

    public override Shape OutputShape(Shape input)
    {
        LayerException.CheckAtLeast(1, NumGroups, "num_groups");
        LayerException.CheckBetween(float.Epsilon, 1, Eps, "eps");
        if (input.Rank == 0 || input[0] % NumGroups != 0)
        {
            throw new LayerException($"input is {input}, whose channels num_groups {NumGroups} does not divide", "num_groups");
        }

        return input;
    }

    public override IReadOnlyList<Parameter> Parameters(Shape input) => Affine
        ? [new("weight", new Shape(input[0]), new Constant(1)), new("bias", new Shape(input[0]), new Constant(0))]
        : [];

    public override SavedSize Saved(Shape input) => new(2L * NumGroups);

    public override void Forward(LayerContext context) => context.Device.Normalization.GroupNormForward(
        Geometry(context.Input), context.Samples, context.X, context.Parameter(0), context.Parameter(1), context.Saved, context.Epilogue, context.Y);

    public override void Backward(LayerContext context) => context.Device.Normalization.GroupNormBackward(
        Geometry(context.Input), context.Training, context.X, context.Dy, context.Parameter(0), context.Saved,
        context.Gradients(0), context.Gradients(1), context.DxEpilogue, context.Dx);

    /// <summary>Opset 17 normalises instances, so groups become the channels of another shape; weight and bias follow in the old one.</summary>
    internal override string ToOnnx(OnnxContext context, string x)
    {
        var (graph, shape) = (context.Graph, context.Input);
        var grouped = graph.Add("Reshape", [x, graph.Constant("groups", 0, NumGroups, -1)]);
        string[] unchanged = [context.Channels("ones", NumGroups, 1), context.Channels("zeros", NumGroups, 0)];
        var normal = graph.Add("InstanceNormalization", [grouped, .. unchanged], ("epsilon", (float)Eps));
        var back = graph.Add("Reshape", [normal, graph.Constant("shape", [0, .. shape.Dimensions.Select(dimension => (long)dimension)])]);
        if (!Affine)
        {
            return back;
        }

        var perChannel = new Shape([shape[0], .. Enumerable.Repeat(1, shape.Rank - 1)]);
        return graph.Add("Add", [graph.Add("Mul", [back, context.Tensor("weight", perChannel)]), context.Tensor("bias", perChannel)]);
    }

    private GroupNormGeometry Geometry(Shape input) => new(input[0], (int)(input.Elements / input[0]), NumGroups, (float)Eps);
}
