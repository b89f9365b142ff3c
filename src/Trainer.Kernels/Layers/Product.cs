using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>
/// What a network's plan puts where two values are multiplied: y = activation(x factor + addend) with x (N, channels, pixels) and factor (N, channels); one pixel where both are of
/// one shape. Backward dx = dy factor. Not a layer that a user asks for.
/// </summary>
[Kind("product")]
internal sealed class Product(int channels, int pixels) : Layer
{
    public override bool TakesEpilogue => true;

    public override Shape OutputShape(Shape input) => input;

    public override void Forward(LayerContext context) =>
        context.Device.Elementwise.Multiply(channels, pixels, context.Samples, context.X, context.Factor, context.Epilogue, context.Y);

    public override void Backward(LayerContext context) =>
        context.Device.Elementwise.MultiplyBackward(channels, pixels, context.Samples, context.Dy, context.Factor, context.DxEpilogue, context.Dx);

    /// <summary>The other side's gradient: sums of dy x over pixels, where there are several.</summary>
    public Layer OfFactor { get; } = new Gate(channels, pixels);

    public bool HasGate => pixels > 1;

    [Kind("gate")]
    private sealed class Gate(int channels, int pixels) : Layer
    {
        public override bool BackwardReadsInput => true;

        public override Shape OutputShape(Shape input) => input;

        public override void Forward(LayerContext context) => throw new NotSupportedException("A gate's gradient has no forward pass.");

        public override void Backward(LayerContext context) =>
            context.Device.Elementwise.GateBackward(channels, pixels, context.Samples, context.Dy, context.X, context.DxEpilogue, context.Dx);
    }
}
