using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>y = x / (1 + e^-x): Elfwing, Uchibe, Doya 2017 (arXiv:1702.03118).</summary>
[Kind("silu")]
public sealed class SiLU : ElementwiseActivation
{
    public override Activation Activation => Activation.Silu;

    internal override string ToOnnx(OnnxContext context, string x) => context.Graph.Add("Mul", [x, context.Graph.Add("Sigmoid", [x])]);
}
