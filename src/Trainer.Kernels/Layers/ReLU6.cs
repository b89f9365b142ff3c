using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>y = min(max(x, 0), 6)</summary>
[Kind("relu6")]
public sealed class ReLU6 : ElementwiseActivation
{
    public override Activation Activation => Activation.Relu6;

    internal override string ToOnnx(OnnxContext context, string x) => context.Graph.Add("Clip", [x, context.Graph.Scalar("min", 0), context.Graph.Scalar("max", 6)]);
}
