using Trainer.Kernels.Devices;

namespace Trainer.Kernels.Layers;

/// <summary>y = 1 / (1 + e^-x), element by element, any shape. Backward writes dx = dy y (1 - y).</summary>
/// <remarks>Between two layers that can take it in, a network computes it on their way to memory and this layer does not run.</remarks>
public sealed class Sigmoid : Layer
{
    public override string Kind => "sigmoid";

    public override Activation Activation => Activation.Sigmoid;

    public override bool BackwardReadsOutput => true;

    public override Shape OutputShape(Shape input) => input;

    public override void Forward(LayerContext context) =>
        context.Device.ActivationForward(Activation, context.Input.Elements, context.Samples, context.X, context.Y);

    public override void Backward(LayerContext context)
    {
        if (!context.Dx.IsEmpty)
        {
            context.Device.ActivationBackward(Activation, context.Input.Elements, context.Samples, context.Y, context.Dy, context.DxEpilogue, context.Dx);
        }
    }
}
