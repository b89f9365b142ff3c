using System.Text.Json;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Layers;

/// <summary>2-D cross-correlation with stride and zero padding.</summary>
/// <remarks>
/// x (N,C,H,W)  w (K,C,R,S)  b (K)  ->  y (N,K,P,Q),  P = (H + 2 p - R) / s + 1 rounded down, Q likewise:
/// y[n,k,i,j] = b[k] + sum over c,r,s of w[k,c,r,s] x[n, c, i s_h - p_h + r, j s_w - p_w + s].
/// Backward writes dw and db per subtree root of the local shards, and dx, all =, never +=.
/// </remarks>
public sealed class Conv2d(int outChannels, Size2 kernelSize) : Layer
{
    public int OutChannels { get; } = outChannels;

    public Size2 KernelSize { get; } = kernelSize;

    public Size2 Stride { get; init; } = 1;

    public Size2 Padding { get; init; } = 0;

    public bool Bias { get; init; } = true;

    public WeightInit WeightInit { get; init; } = WeightInit.KaimingUniform;

    public override string Kind => "conv2d";

    public override bool TakesActivation => true;

    public override bool TakesDerivative => true;

    public override bool BackwardReadsInput => true;

    public override Shape OutputShape(Shape input)
    {
        LayerException.CheckAtLeast(1, OutChannels, "out_channels");
        LayerException.CheckAtLeast(0, Padding, "padding");
        Window.Check(Kind, input, KernelSize, Stride, Padding);
        var g = Geometry(input);
        return new Shape(g.K, g.P, g.Q);
    }

    public override IReadOnlyList<Parameter> Parameters(Shape input)
    {
        var area = (long)KernelSize.Height * KernelSize.Width;
        var (fanIn, fanOut) = (input[0] * area, OutChannels * area);
        var shape = new Shape(OutChannels, input[0], KernelSize.Height, KernelSize.Width);
        var weight = new Parameter("weight", shape, Initializer.Weights(WeightInit, fanIn, fanOut));
        return Bias ? [weight, new Parameter("bias", new Shape(OutChannels), Initializer.Bias(fanIn))] : [weight];
    }

    public override void Forward(LayerContext context) => context.Device.Conv2dForward(
        Geometry(context.Input), context.Samples, context.X, context.Parameter(0), context.Parameter(1), context.Epilogue, context.Y);

    public override void Backward(LayerContext context)
    {
        var g = Geometry(context.Input);
        context.Device.Conv2dBackwardWeights(g, context.Slice, context.X, context.Dy, context.Gradients(0), context.Gradients(1));
        if (!context.Dx.IsEmpty)
        {
            context.Device.Conv2dBackwardData(g, context.Samples, context.Dy, context.Parameter(0), context.DxEpilogue, context.Dx);
        }
    }

    internal static Conv2d Read(JsonOptions options) =>
        new(options.Required("out_channels"), options.RequiredSize("kernel_size"))
        {
            Stride = options.Size("stride", 1),
            Padding = options.Size("padding", 0),
            Bias = options.Flag("bias", true),
            WeightInit = options.WeightInit("weight_init"),
        };

    internal override void WriteOptions(Utf8JsonWriter json)
    {
        json.WriteNumber("out_channels", OutChannels);
        json.WriteSize("kernel_size", KernelSize);
        json.WriteSizeUnless(1, "stride", Stride);
        json.WriteSizeUnless(0, "padding", Padding);
        json.WriteBias(Bias);
        json.WriteWeightInit(WeightInit);
    }

    private Conv2dGeometry Geometry(Shape input) => new(
        input[0], input[1], input[2], OutChannels, KernelSize.Height, KernelSize.Width, Stride.Height, Stride.Width, Padding.Height, Padding.Width);
}
