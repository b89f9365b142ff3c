using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>y = tanh x</summary>
[Kind("tanh")]
public sealed class Tanh : ElementwiseActivation
{
    public override Activation Activation => Activation.Tanh;

    internal override string ToOnnx(OnnxContext context, string x) => context.Graph.Add("Tanh", [x]);
}
