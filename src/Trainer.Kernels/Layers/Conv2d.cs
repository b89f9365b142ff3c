using System.Text.Json;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Layers;

/// <summary>2-D cross-correlation with stride, zero padding, dilation and groups.</summary>
/// <remarks>
/// x (N,C,H,W)  w (K,C/g,R,S)  b (K)  ->  y (N,K,P,Q),  P = (H + 2 p - d (R - 1) - 1) / s + 1 rounded down, Q likewise:
/// y[n,k,i,j] = b[k] + sum over c,r,s of w[k,c,r,s] x[n, c + k's group, i s_h - p_h + r d_h, j s_w - p_w + s d_w].
/// Backward writes dw and db per subtree root of the local shards, and dx, all =, never +=.
/// </remarks>
public sealed class Conv2d(int outChannels, Size2 kernelSize) : Layer
{
    public int OutChannels { get; } = outChannels;

    public Size2 KernelSize { get; } = kernelSize;

    public Size2 Stride { get; init; } = 1;

    public Size2 Padding { get; init; } = 0;

    /// <summary>Pads so that P = H and Q = W (torch's padding='same'): with an even extent the extra row and column are below and on the right.</summary>
    public bool SamePadding { get; init; }

    public Size2 Dilation { get; init; } = 1;

    /// <summary>Channels are cut into this many groups that do not see each other; as many as there are input channels: depthwise.</summary>
    public int Groups { get; init; } = 1;

    public bool Bias { get; init; } = true;

    public WeightInit WeightInit { get; init; } = WeightInit.KaimingUniform;

    /// <summary>Null: PyTorch's default, uniform in +-1 / sqrt(fan_in).</summary>
    public WeightInit? BiasInit { get; init; }

    public override string Kind => "conv2d";

    public override bool TakesEpilogue => true;

    public override bool BackwardReadsInput => true;

    private (Size2 Before, Size2 Extra) Paddings
    {
        get
        {
            if (!SamePadding)
            {
                return (Padding, 0);
            }

            var rows = Dilation.Height * (KernelSize.Height - 1);
            var columns = Dilation.Width * (KernelSize.Width - 1);
            return ((rows / 2, columns / 2), (rows % 2, columns % 2));
        }
    }

    public override Shape OutputShape(Shape input)
    {
        LayerException.CheckAtLeast(1, OutChannels, "out_channels");
        LayerException.CheckAtLeast(1, Groups, "groups");
        if (SamePadding && (Stride != 1 || Padding != 0))
        {
            throw new LayerException(Stride != 1 ? $"same needs stride 1, which is {Stride}" : "same leaves no choice of padding", "auto_padding");
        }

        var (before, extra) = Paddings;
        Window.Check(Kind, input, KernelSize, Stride, before, Dilation, extra);
        if (input[0] % Groups != 0 || OutChannels % Groups != 0)
        {
            var (what, channels) = input[0] % Groups != 0 ? ("input has", input[0]) : ("out_channels is", OutChannels);
            throw new LayerException($"{what} {channels} channels, which groups {Groups} does not divide", "groups");
        }

        var g = Geometry(input);
        return new Shape(g.K, g.P, g.Q);
    }

    public override IReadOnlyList<Parameter> Parameters(Shape input)
    {
        var area = (long)KernelSize.Height * KernelSize.Width;
        var fanIn = input[0] / Groups * area;
        var shape = new Shape(OutChannels, input[0] / Groups, KernelSize.Height, KernelSize.Width);
        var weight = new Parameter("weight", shape, Initializer.Weights(WeightInit, fanIn, OutChannels * area));
        return Bias ? [weight, new Parameter("bias", new Shape(OutChannels), Initializer.Bias(BiasInit, fanIn, OutChannels * area))] : [weight];
    }

    public override long MultiplyAdds(Shape input)
    {
        var g = Geometry(input);
        return (long)g.K * g.P * g.Q * g.Reduction;
    }

    public override void Forward(LayerContext context) => context.Device.Conv2dForward(
        Geometry(context.Input), context.Samples, context.X, context.Parameter(0), context.Parameter(1), context.Epilogue, context.Y);

    public override void Backward(LayerContext context)
    {
        var g = Geometry(context.Input);
        context.Device.Conv2dBackwardWeights(g, context.Training, context.X, context.Dy, context.Gradients(0), context.Gradients(1));
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
            SamePadding = options.Choice("auto_padding", "none", "same") == "same",
            Dilation = options.Size("dilation", 1),
            Groups = options.Whole("groups", 1),
            Bias = options.Flag("bias", true),
            WeightInit = options.WeightInit("weight_init") ?? default,
            BiasInit = options.WeightInit("bias_init"),
        };

    internal override void WriteOptions(Utf8JsonWriter json)
    {
        json.WriteNumber("out_channels", OutChannels);
        json.WriteSize("kernel_size", KernelSize);
        json.WriteSizeUnless(1, "stride", Stride);
        json.WriteSizeUnless(0, "padding", Padding);
        if (SamePadding)
        {
            json.WriteString("auto_padding", "same");
        }

        json.WriteSizeUnless(1, "dilation", Dilation);
        json.WriteUnless(1, "groups", Groups);
        json.WriteUnless(true, "bias", Bias);
        json.WriteWeightInit("weight_init", WeightInit);
        json.WriteWeightInit("bias_init", BiasInit);
    }

    private Conv2dGeometry Geometry(Shape input)
    {
        var (before, extra) = Paddings;
        return new Conv2dGeometry(
            input[0], input[1], input[2], OutChannels, KernelSize.Height, KernelSize.Width, Stride.Height, Stride.Width,
            before.Height, before.Width, Dilation.Height, Dilation.Width, Groups)
        {
            ExtraH = extra.Height,
            ExtraW = extra.Width,
        };
    }
}
