namespace Trainer.Kernels.Layers;

/// <summary>x (N,C,H,W)  ->  y (N, C H W): the same elements under another shape; nothing is computed either way.</summary>
public sealed class Flatten : Layer
{
    public override string Kind => "flatten";

    public override bool IsView => true;

    public override Shape OutputShape(Shape input) => new(checked((int)input.Elements));

    public override void Forward(LayerContext context)
    {
    }

    public override void Backward(LayerContext context)
    {
    }
}
