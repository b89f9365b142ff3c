using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>y = x where x &gt; 0, else slope x.</summary>
[Kind("leaky_relu")]
public sealed class LeakyReLU(double negativeSlope = 0.01) : ElementwiseActivation
{
    public double NegativeSlope { get; } = negativeSlope;

    public override Activation Activation => Activation.LeakyRelu((float)NegativeSlope);

    internal override string ToOnnx(OnnxContext context, string x) => context.Graph.Add("LeakyRelu", [x], ("alpha", (float)NegativeSlope));
}
