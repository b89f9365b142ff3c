using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>y = x min(max(x + 3, 0), 6) / 6: Howard et al. 2019 (arXiv:1905.02244), section 5.2.</summary>
[Kind("hardswish")]
public sealed class Hardswish : ElementwiseActivation
{
    public override Activation Activation => Activation.Hardswish;

    internal override string ToOnnx(OnnxContext context, string x) => context.Graph.Add("HardSwish", [x]);
}
