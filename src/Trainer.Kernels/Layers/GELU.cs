using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Onnx;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>How <see cref="GELU"/> is computed.</summary>
public enum GeluApproximation
{
    /// <summary>x (1 + erf(x / sqrt 2)) / 2</summary>
    None,

    /// <summary>x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2</summary>
    Tanh,
}

/// <summary>y = x Phi(x), Phi the normal distribution: Hendrycks and Gimpel 2016 (arXiv:1606.08415); with <see cref="Approximate"/> also their formula with tanh.</summary>
[Kind("gelu")]
public sealed class GELU : ElementwiseActivation
{
    public GeluApproximation Approximate { get; init; }

    public override Activation Activation => Approximate == GeluApproximation.Tanh ? Activation.GeluTanh : Activation.Gelu;

    internal override string ToOnnx(OnnxContext context, string x) =>
        Approximate == GeluApproximation.Tanh ? ToOnnxWithTanh(context.Graph, x) : ToOnnxWithErf(context.Graph, x);

    /// <summary>Opset 17 has no Gelu.</summary>
    private static string ToOnnxWithErf(OnnxGraph graph, string x) =>
        HalfTimes(graph, x, graph.Add("Erf", [graph.Add("Mul", [x, graph.Scalar("scale", (float)Math.Sqrt(0.5))])]));

    private static string ToOnnxWithTanh(OnnxGraph graph, string x)
    {
        var cube = graph.Add("Mul", [graph.Add("Mul", [x, x]), x]);
        var inner = graph.Add("Add", [x, graph.Add("Mul", [cube, graph.Scalar("cubic", 0.044715f)])]);
        return HalfTimes(graph, x, graph.Add("Tanh", [graph.Add("Mul", [inner, graph.Scalar("scale", (float)Math.Sqrt(2 / Math.PI))])]));
    }

    private static string HalfTimes(OnnxGraph graph, string x, string odd) =>
        graph.Add("Mul", [graph.Add("Mul", [x, graph.Scalar("half", 0.5f)]), graph.Add("Add", [odd, graph.Scalar("one", 1)])]);
}
