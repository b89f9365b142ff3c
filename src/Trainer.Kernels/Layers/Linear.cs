using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>Affine map of feature vectors.</summary>
/// <remarks>
/// x (N,I)  w (O,I)  b (O)  ->  y (N,O) = x w^T + b.
/// Backward writes dw = dy^T x and db = the column sums of dy per subtree root of the local shards, and dx = dy w, all =, never +=.
/// </remarks>
[Kind("linear")]
public sealed class Linear(int outFeatures) : Layer
{
    public int OutFeatures { get; } = outFeatures;

    public bool Bias { get; init; } = true;

    public WeightInit WeightInit { get; init; } = WeightInit.KaimingUniform;

    /// <summary>Null: PyTorch's default, uniform in +-1 / sqrt(fan_in).</summary>
    public WeightInit? BiasInit { get; init; }

    public override bool TakesEpilogue => true;

    public override bool BackwardReadsInput => true;

    public override Shape OutputShape(Shape input)
    {
        LayerException.CheckAtLeast(1, OutFeatures, "out_features");
        return input.Rank == 1
            ? new Shape(OutFeatures)
            : throw new LayerException($"input is {input}; linear takes (features): put a flatten layer before it");
    }

    public override IReadOnlyList<Parameter> Parameters(Shape input)
    {
        var weight = new Parameter("weight", new Shape(OutFeatures, input[0]), Initializer.Weights(WeightInit, input[0], OutFeatures));
        return Bias ? [weight, new Parameter("bias", new Shape(OutFeatures), Initializer.Bias(BiasInit, input[0], OutFeatures))] : [weight];
    }

    public override long MultiplyAdds(Shape input) => (long)input[0] * OutFeatures;

    public override void Forward(LayerContext context) => context.Products.LinearForward(
        context.Input[0], OutFeatures, context.Samples, context.X, context.Parameter(0), context.Parameter(1), context.Epilogue, context.Y);

    public override void Backward(LayerContext context)
    {
        context.Products.LinearBackwardWeights(
            context.Input[0], OutFeatures, context.Training, context.X, context.Dy, context.Gradients(0), context.Gradients(1));
        if (!context.Dx.IsEmpty)
        {
            context.Products.LinearBackwardData(
                context.Input[0], OutFeatures, context.Samples, context.Dy, context.Parameter(0), context.DxEpilogue, context.Dx);
        }
    }

    internal override string ToOnnx(OnnxContext context, string x) => context.Graph.Add("Gemm", [x, .. context.Parameters], ("transB", 1L));
}
