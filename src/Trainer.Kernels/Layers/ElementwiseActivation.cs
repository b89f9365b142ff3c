using Trainer.Kernels.Arithmetic;

namespace Trainer.Kernels.Layers;

/// <summary>A function of each element by itself, any shape: y = f(x); backward writes dx = dy f'.</summary>
/// <remarks>Where f' follows from y and the layer before can apply f on its way to memory, a network does so and this layer does not run.</remarks>
public abstract class ElementwiseActivation : Layer
{
    public override bool BackwardReadsInput => !Activation.HasDerivativeOfOutput;

    public override bool BackwardReadsOutput => Activation.HasDerivativeOfOutput;

    public override Shape OutputShape(Shape input) => input;

    public override void Forward(LayerContext context) =>
        context.Device.Elementwise.ActivationForward(Activation, context.Input.Elements, context.Samples, context.X, context.Y);

    public override void Backward(LayerContext context)
    {
        if (!context.Dx.IsEmpty)
        {
            var source = Activation.HasDerivativeOfOutput ? context.Y : context.X;
            context.Device.Elementwise.ActivationBackward(
                Activation, context.Input.Elements, context.Samples, source, context.Dy, context.DxEpilogue, context.Dx);
        }
    }
}
