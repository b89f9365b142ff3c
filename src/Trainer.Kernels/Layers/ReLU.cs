using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>y = max(x, 0)</summary>
[Kind("relu")]
public sealed class ReLU : ElementwiseActivation
{
    public override Activation Activation => Activation.Relu;

    internal override string ToOnnx(OnnxContext context, string x) => context.Graph.Add("Relu", [x]);
}
