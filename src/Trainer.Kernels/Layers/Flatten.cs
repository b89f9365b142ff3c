using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>x (N,C,H,W)  ->  y (N, C H W): the same elements under another shape; nothing is computed either way.</summary>
[Kind("flatten")]
public sealed class Flatten : Layer
{
    public override bool IsView => true;

    public override Shape OutputShape(Shape input) => new(checked((int)input.Elements));

    public override void Forward(LayerContext context)
    {
    }

    public override void Backward(LayerContext context)
    {
    }

    internal override SlidingWindow Window(Shape input) => input.Rank == 3 ? new(new Size2(input[1], input[2]), 1) : SlidingWindow.Pixel;

    internal override string ToOnnx(OnnxContext context, string x) => context.Graph.Add("Flatten", [x], ("axis", 1L));
}
