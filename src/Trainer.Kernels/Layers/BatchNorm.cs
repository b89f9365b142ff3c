using Trainer.Kernels.Geometries;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>Batch normalisation: Ioffe and Szegedy 2015 (arXiv:1502.03167), algorithms 1 and 2.</summary>
/// <remarks>
/// y = (x - mean) / sqrt(variance + eps) x weight + bias per channel, with the biased variance. In training mean and variance are those of the sample's batch norm group:
/// an aligned run of batch shards that holds at least 32 samples, so that they do not depend on who computes what
/// (<see cref="Sharding.ShardTree.GroupShards"/>); where members share a group, they exchange its parts (<see cref="Sharding.IBatchExchange"/>). In evaluation they are the running statistics, which every step moves by
/// momentum towards the batch's mean and unbiased variance (the average over its groups). Frozen ones are what training normalises with too, as after torch's module.eval().
/// Backward writes dweight and dbias per subtree root, and dx, all =, never +=.
/// </remarks>
public abstract class BatchNorm : Layer
{
    public double Eps { get; init; } = 1e-5;

    /// <summary>Share of the batch's statistics in the running ones.</summary>
    public double Momentum { get; init; } = 0.1;

    /// <summary>The running statistics are instead the averages over all batches so far: torch's momentum=None.</summary>
    public bool Cumulative { get; init; }

    /// <summary>Whether there are a weight and a bias.</summary>
    public bool Affine { get; init; } = true;

    /// <summary>The whole batch is one group of this layer. Other layers keep their groups.</summary>
    public bool Sync { get; init; }

    public override bool TakesEpilogue => true;

    public override bool BackwardReadsInput => true;

    public override Shape OutputShape(Shape input)
    {
        CheckInput(input);
        LayerException.CheckBetween(float.Epsilon, 1, Eps, "eps");
        LayerException.CheckBetween(0, 1, Momentum, "momentum");
        return input;
    }

    public override IReadOnlyList<Parameter> Parameters(Shape input) => Affine
        ? [new("weight", new Shape(input[0]), new Constant(1)), new("bias", new Shape(input[0]), new Constant(0))]
        : [];

    public override IReadOnlyList<Statistic> Statistics(Shape input)
    {
        double? momentum = Cumulative ? null : Momentum;
        return [new("running_mean", new Shape(input[0]), 0, momentum), new("running_var", new Shape(input[0]), 1, momentum)];
    }

    public override SavedSize Saved(Shape input) => new(0, 2L * input[0]);

    public override void Forward(LayerContext context)
    {
        var g = Geometry(context.Input);
        if (context.Slice is { } slice && !context.FreezesStatistics)
        {
            context.Device.Normalization.BatchNormForward(
                g, slice, context.X, context.Parameter(0), context.Parameter(1), context.Saved,
                context.StatisticSums(0), context.StatisticSums(1), context.Epilogue, context.Y, context.Moments);
        }
        else
        {
            context.Device.Normalization.BatchNormInference(
                g, context.Samples, context.X, context.Parameter(0), context.Parameter(1), context.Statistic(0), context.Statistic(1),
                context.Epilogue, context.Y, context.Saved, context.Slice?.GroupsOf(1).Count ?? 0);
            if (context.Slice is not null)
            {
                Clear(context.Device, context.StatisticSums(0));
                Clear(context.Device, context.StatisticSums(1));
            }
        }
    }

    public override void Backward(LayerContext context) => context.Device.Normalization.BatchNormBackward(
        Geometry(context.Input) with { Frozen = context.FreezesStatistics }, context.Training, context.X, context.Dy, context.Parameter(0), context.Saved,
        context.Gradients(0), context.Gradients(1), context.DxEpilogue, context.Dx, context.FreezesStatistics ? null : context.GradientSums);

    internal override string ToOnnx(OnnxContext context, string x)
    {
        var channels = context.Input[0];
        var affine = Affine ? context.Parameters : [context.Channels("weight", channels, 1), context.Channels("bias", channels, 0)];
        return context.Graph.Add("BatchNormalization", [x, .. affine, .. context.Statistics], ("epsilon", (float)Eps));
    }

    private protected abstract void CheckInput(Shape input);

    private static void Clear(Devices.Device device, ReadOnlySpan<Devices.Tensor> sums)
    {
        foreach (var sum in sums)
        {
            device.Clear(sum);
        }
    }

    private BatchNormGeometry Geometry(Shape input) => new(input[0], (int)(input.Elements / input[0]), (float)Eps, Sync);
}

/// <summary><see cref="BatchNorm"/> of feature vectors: x (N,C).</summary>
[Kind("batch_norm1d")]
public sealed class BatchNorm1d : BatchNorm
{
    private protected override void CheckInput(Shape input)
    {
        if (input.Rank != 1)
        {
            throw new LayerException($"input is {input}; {Kind} takes (features)");
        }
    }
}

/// <summary><see cref="BatchNorm"/> of images: x (N,C,H,W).</summary>
[Kind("batch_norm2d")]
public sealed class BatchNorm2d : BatchNorm
{
    private protected override void CheckInput(Shape input) => Windows.CheckImage(Kind, input);
}
