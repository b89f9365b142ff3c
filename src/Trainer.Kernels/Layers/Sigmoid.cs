using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>y = 1 / (1 + e^-x)</summary>
[Kind("sigmoid")]
public sealed class Sigmoid : ElementwiseActivation
{
    public override Activation Activation => Activation.Sigmoid;

    internal override string ToOnnx(OnnxContext context, string x) => context.Graph.Add("Sigmoid", [x]);
}
