using System.Text.Json;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Layers;

/// <summary>A function of each element by itself, any shape: y = f(x); backward writes dx = dy f'.</summary>
/// <remarks>Where f' follows from y and the layer before can apply f on its way to memory, a network does so and this layer does not run.</remarks>
public abstract class ElementwiseActivation : Layer
{
    public override bool BackwardReadsInput => !Activation.HasDerivativeOfOutput;

    public override bool BackwardReadsOutput => Activation.HasDerivativeOfOutput;

    public override Shape OutputShape(Shape input) => input;

    public override void Forward(LayerContext context) =>
        context.Device.ActivationForward(Activation, context.Input.Elements, context.Samples, context.X, context.Y);

    public override void Backward(LayerContext context)
    {
        if (!context.Dx.IsEmpty)
        {
            var source = Activation.HasDerivativeOfOutput ? context.Y : context.X;
            context.Device.ActivationBackward(
                Activation, context.Input.Elements, context.Samples, source, context.Dy, context.DxEpilogue, context.Dx);
        }
    }
}

/// <summary>y = max(x, 0)</summary>
public sealed class ReLU : ElementwiseActivation
{
    public override string Kind => "relu";

    public override Activation Activation => Activation.Relu;
}

/// <summary>y = x where x &gt; 0, else slope x.</summary>
public sealed class LeakyReLU(double negativeSlope = 0.01) : ElementwiseActivation
{
    public double NegativeSlope { get; } = negativeSlope;

    public override string Kind => "leaky_relu";

    public override Activation Activation => Activation.LeakyRelu((float)NegativeSlope);

    internal static LeakyReLU Read(JsonOptions options) => new(options.Real("negative_slope", 0.01));

    internal override void WriteOptions(Utf8JsonWriter json) => json.WriteUnless(0.01, "negative_slope", NegativeSlope);
}

/// <summary>y = 1 / (1 + e^-x)</summary>
public sealed class Sigmoid : ElementwiseActivation
{
    public override string Kind => "sigmoid";

    public override Activation Activation => Activation.Sigmoid;
}

/// <summary>y = tanh x</summary>
public sealed class Tanh : ElementwiseActivation
{
    public override string Kind => "tanh";

    public override Activation Activation => Activation.Tanh;
}

/// <summary>y = x Phi(x), Phi the normal distribution: Hendrycks and Gimpel 2016 (arXiv:1606.08415); with <see cref="Approximate"/> their formula with tanh.</summary>
public sealed class GELU : ElementwiseActivation
{
    public bool Approximate { get; init; }

    public override string Kind => "gelu";

    public override Activation Activation => Approximate ? Activation.GeluTanh : Activation.Gelu;

    internal static GELU Read(JsonOptions options) => new() { Approximate = options.Choice("approximate", "none", "tanh") == "tanh" };

    internal override void WriteOptions(Utf8JsonWriter json)
    {
        if (Approximate)
        {
            json.WriteString("approximate", "tanh");
        }
    }
}

/// <summary>y = x / (1 + e^-x): Elfwing, Uchibe, Doya 2017 (arXiv:1702.03118).</summary>
public sealed class SiLU : ElementwiseActivation
{
    public override string Kind => "silu";

    public override Activation Activation => Activation.Silu;
}
