using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>y_c = e^(x_c) / (sum over channels of e^x), for each pixel of (C,H,W) or for (C): torch's dim=1.</summary>
/// <remarks>Cross entropy takes logits: it needs no softmax before it. Backward writes dx = y (dy - sum of dy y).</remarks>
[Kind("softmax")]
public class Softmax : Layer
{
    public override bool BackwardReadsOutput => true;

    private protected virtual bool Log => false;

    public override Shape OutputShape(Shape input) =>
        input.Rank > 0 ? input : throw new LayerException($"input is {input}; {Kind} takes (channels) or (channels, height, width)");

    public override void Forward(LayerContext context)
    {
        var (channels, pixels) = Extent(context.Input);
        context.Device.Elementwise.SoftmaxForward(channels, pixels, context.Samples, Log, context.X, context.Y);
    }

    public override void Backward(LayerContext context)
    {
        if (!context.Dx.IsEmpty)
        {
            var (channels, pixels) = Extent(context.Input);
            context.Device.Elementwise.SoftmaxBackward(channels, pixels, context.Samples, Log, context.Y, context.Dy, context.DxEpilogue, context.Dx);
        }
    }

    internal override string ToOnnx(OnnxContext context, string x) => context.Graph.Add(Log ? "LogSoftmax" : "Softmax", [x], ("axis", 1L));

    private static (int Channels, int Pixels) Extent(Shape input) => (input[0], (int)(input.Elements / input[0]));
}

/// <summary>y_c = x_c - log(sum over channels of e^x): the logarithm of <see cref="Softmax"/>. Backward writes dx = dy - e^y sum of dy.</summary>
[Kind("log_softmax")]
public sealed class LogSoftmax : Softmax
{
    private protected override bool Log => true;
}
