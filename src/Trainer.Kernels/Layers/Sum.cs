using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>
/// What a network's plan puts between layers where no layer can take it in: y = activation(x + addend), copies included; backward
/// dx = (dy + addend) f'(output). Not a layer that a user asks for.
/// </summary>
[Kind("sum")]
internal sealed class Sum : Layer
{
    public static Sum Instance { get; } = new();

    public override bool TakesEpilogue => true;

    public override Shape OutputShape(Shape input) => input;

    public override void Forward(LayerContext context) =>
        context.Device.Elementwise.Add(context.Output.Elements, context.Samples, context.X, context.Epilogue, context.Y);

    public override void Backward(LayerContext context) =>
        context.Device.Elementwise.AddBackward(context.Output.Elements, context.Samples, context.Dy, context.DxEpilogue, context.Dx);
}
