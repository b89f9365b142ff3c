using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>y = min(max(x + 3, 0), 6) / 6: Howard et al. 2019 (arXiv:1905.02244), section 5.2.</summary>
[Kind("hardsigmoid")]
public sealed class Hardsigmoid : ElementwiseActivation
{
    public override Activation Activation => Activation.Hardsigmoid;

    internal override string ToOnnx(OnnxContext context, string x) => context.Graph.Add("HardSigmoid", [x], ("alpha", 1f / 6), ("beta", 0.5f));
}
