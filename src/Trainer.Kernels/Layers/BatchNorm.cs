using System.Text.Json;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Layers;

/// <summary>Batch normalisation: Ioffe and Szegedy 2015 (arXiv:1502.03167), algorithms 1 and 2.</summary>
/// <remarks>
/// y = (x - mean) / sqrt(variance + eps) x weight + bias per channel, with the biased variance. In training mean and variance are those of the sample's batch norm group:
/// an aligned run of batch shards that holds at least 32 samples, so that they do not depend on who computes what
/// (<see cref="Sharding.ShardTree.GroupShards"/>). In evaluation they are the running statistics, which every step moves by
/// momentum towards the batch's mean and unbiased variance (the average over its groups).
/// Backward writes dweight and dbias per subtree root, and dx, all =, never +=.
/// </remarks>
public abstract class BatchNorm : Layer
{
    public double Eps { get; init; } = 1e-5;

    /// <summary>Share of the batch's statistics in the running ones; null: they are the averages over all batches so far.</summary>
    public double? Momentum { get; init; } = 0.1;

    /// <summary>Whether there are a weight and a bias.</summary>
    public bool Affine { get; init; } = true;

    /// <summary>The whole batch is one group; such a network trains on one worker.</summary>
    public bool Sync { get; init; }

    public override bool TakesEpilogue => true;

    public override bool BackwardReadsInput => true;

    public override Shape OutputShape(Shape input)
    {
        CheckInput(input);
        LayerException.CheckBetween(float.Epsilon, 1, Eps, "eps");
        LayerException.CheckBetween(0, 1, Momentum ?? 0, "momentum");
        return input;
    }

    public override IReadOnlyList<Parameter> Parameters(Shape input) => Affine
        ? [new("weight", new Shape(input[0]), new Constant(1)), new("bias", new Shape(input[0]), new Constant(0))]
        : [];

    public override IReadOnlyList<Statistic> Statistics(Shape input) =>
        [new("running_mean", new Shape(input[0]), 0, Momentum), new("running_var", new Shape(input[0]), 1, Momentum)];

    public override SavedSize Saved(Shape input) => new(0, 2L * input[0]);

    public override void Forward(LayerContext context)
    {
        var g = Geometry(context.Input);
        if (context.Slice is { } slice)
        {
            context.Device.BatchNormForward(
                g, slice, context.X, context.Parameter(0), context.Parameter(1), context.Saved,
                context.StatisticSums(0), context.StatisticSums(1), context.Epilogue, context.Y);
        }
        else
        {
            context.Device.BatchNormInference(
                g, context.Samples, context.X, context.Parameter(0), context.Parameter(1), context.Statistics[0], context.Statistics[1],
                context.Epilogue, context.Y);
        }
    }

    public override void Backward(LayerContext context) => context.Device.BatchNormBackward(
        Geometry(context.Input), context.Training, context.X, context.Dy, context.Parameter(0), context.Saved,
        context.Gradients(0), context.Gradients(1), context.DxEpilogue, context.Dx);

    internal override void WriteOptions(Utf8JsonWriter json)
    {
        json.WriteUnless(1e-5, "eps", Eps);
        if (Momentum is { } momentum)
        {
            json.WriteUnless(0.1, "momentum", momentum);
        }
        else
        {
            json.WriteBoolean("cumulative", true);
        }

        json.WriteUnless(true, "affine", Affine);
        json.WriteUnless(false, "sync", Sync);
    }

    private protected abstract void CheckInput(Shape input);

    private protected static double? ReadMomentum(JsonOptions options)
    {
        var momentum = options.Real("momentum", 0.1);
        return options.Flag("cumulative", false) ? null : momentum;
    }

    private BatchNormGeometry Geometry(Shape input) => new(input[0], (int)(input.Elements / input[0]), (float)Eps, Sync);
}

/// <summary><see cref="BatchNorm"/> of feature vectors: x (N,C).</summary>
public sealed class BatchNorm1d : BatchNorm
{
    public override string Kind => "batch_norm1d";

    internal static BatchNorm1d Read(JsonOptions options) => new()
    {
        Eps = options.Real("eps", 1e-5),
        Momentum = ReadMomentum(options),
        Affine = options.Flag("affine", true),
        Sync = options.Flag("sync", false),
    };

    private protected override void CheckInput(Shape input)
    {
        if (input.Rank != 1)
        {
            throw new LayerException($"input is {input}; {Kind} takes (features)");
        }
    }
}

/// <summary><see cref="BatchNorm"/> of images: x (N,C,H,W).</summary>
public sealed class BatchNorm2d : BatchNorm
{
    public override string Kind => "batch_norm2d";

    internal static BatchNorm2d Read(JsonOptions options) => new()
    {
        Eps = options.Real("eps", 1e-5),
        Momentum = ReadMomentum(options),
        Affine = options.Flag("affine", true),
        Sync = options.Flag("sync", false),
    };

    private protected override void CheckInput(Shape input) => Window.CheckImage(Kind, input);
}
