using Trainer.Kernels.Geometries;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>How a convolution finds its padding by itself.</summary>
public enum AutoPadding
{
    /// <summary>So that P = H and Q = W (torch's padding='same'): with an even extent the extra row and column are below and on the right.</summary>
    Same,
}

/// <summary>2-D cross-correlation with stride, zero padding, dilation and groups.</summary>
/// <remarks>
/// x (N,C,H,W)  w (K,C/g,R,S)  b (K)  ->  y (N,K,P,Q),  P = (H + 2 p - d (R - 1) - 1) / s + 1 rounded down, Q likewise:
/// y[n,k,i,j] = b[k] + sum over c,r,s of w[k,c,r,s] x[n, c + k's group, i s_h - p_h + r d_h, j s_w - p_w + s d_w].
/// Backward writes dw and db per subtree root of the local shards, and dx, all =, never +=.
/// </remarks>
[Kind("conv2d")]
public sealed class Conv2d(int outChannels, Size2 kernelSize) : Layer
{
    public int OutChannels { get; } = outChannels;

    public Size2 KernelSize { get; } = kernelSize;

    public Size2 Stride { get; init; } = 1;

    public Size2 Padding { get; init; } = 0;

    /// <summary>Null: what <see cref="Padding"/> says.</summary>
    public AutoPadding? AutoPadding { get; init; }

    public Size2 Dilation { get; init; } = 1;

    /// <summary>Channels are cut into this many groups that do not see each other; as many as there are input channels: depthwise.</summary>
    public int Groups { get; init; } = 1;

    public bool Bias { get; init; } = true;

    public WeightInit WeightInit { get; init; } = WeightInit.KaimingUniform;

    /// <summary>Null: PyTorch's default, uniform in +-1 / sqrt(fan_in).</summary>
    public WeightInit? BiasInit { get; init; }

    public override bool TakesEpilogue => true;

    public override bool BackwardReadsInput => true;

    private (Size2 Before, Size2 Extra) Paddings
    {
        get
        {
            if (AutoPadding is null)
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
        if (AutoPadding is not null && (Stride != 1 || Padding != 0))
        {
            throw new LayerException(Stride != 1 ? $"same needs stride 1, which is {Stride}" : "same leaves no choice of padding", "auto_padding");
        }

        var (before, extra) = Paddings;
        Windows.Check(Kind, input, KernelSize, Stride, before, Dilation, extra);
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

    public override void Forward(LayerContext context) => context.Products.Conv2dForward(
        Geometry(context.Input), context.Samples, context.X, context.Parameter(0), context.Parameter(1), context.Epilogue, context.Y);

    public override void Backward(LayerContext context)
    {
        var g = Geometry(context.Input);
        context.Products.Conv2dBackwardWeights(g, context.Training, context.X, context.Dy, context.Gradients(0), context.Gradients(1));
        if (!context.Dx.IsEmpty)
        {
            context.Products.Conv2dBackwardData(g, context.Samples, context.Dy, context.Parameter(0), context.DxEpilogue, context.Dx);
        }
    }

    internal override SlidingWindow Window(Shape input) => new(Windows.Extent(KernelSize, Dilation), Stride) { Before = Paddings.Before };

    internal override string ToOnnx(OnnxContext context, string x)
    {
        var (before, extra) = Paddings;
        return context.Graph.Add(
            "Conv",
            [x, .. context.Parameters],
            ("kernel_shape", KernelSize.ToArray()),
            ("strides", Stride.ToArray()),
            ("dilations", Dilation.ToArray()),
            ("pads", new long[] { before.Height, before.Width, before.Height + extra.Height, before.Width + extra.Width }),
            ("group", (long)Groups));
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
