using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>y = x where x &gt; 0, else alpha (e^x - 1): Clevert, Unterthiner, Hochreiter 2016 (arXiv:1511.07289), eq. 15.</summary>
[Kind("elu")]
public sealed class ELU(double alpha = 1) : ElementwiseActivation
{
    public double Alpha { get; } = alpha;

    public override Activation Activation => Activation.Elu((float)Alpha);

    internal override string ToOnnx(OnnxContext context, string x) => context.Graph.Add("Elu", [x], ("alpha", (float)Alpha));
}
