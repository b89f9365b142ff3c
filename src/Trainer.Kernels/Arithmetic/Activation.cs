namespace Trainer.Kernels.Arithmetic;

/// <summary>A function of one element.</summary>
public enum ActivationKind
{
    /// <summary>v</summary>
    None,

    /// <summary>max(v, 0); NaN stays NaN. Derivative: 0 where the output is 0 or less, else 1.</summary>
    Relu,

    /// <summary>v where v &gt; 0, else slope x v.</summary>
    LeakyRelu,

    /// <summary>1 / (1 + e^-v). Derivative y (1 - y).</summary>
    Sigmoid,

    /// <summary>Derivative 1 - y^2.</summary>
    Tanh,

    /// <summary>v Phi(v) with the normal distribution's Phi = (1 + erf(v / sqrt 2)) / 2: Hendrycks and Gimpel, arXiv:1606.08415.</summary>
    Gelu,

    /// <summary>The same paper's approximation v (1 + tanh(sqrt(2 / pi) (v + 0.044715 v^3))) / 2.</summary>
    GeluTanh,

    /// <summary>v sigmoid(v).</summary>
    Silu,

    /// <summary>v where v &gt; 0, else slope x (e^v - 1): Clevert, Unterthiner, Hochreiter, arXiv:1511.07289. Derivative where the output is 0 or less: y + slope.</summary>
    Elu,

    /// <summary>min(max(v, 0), 6). Derivative: 1 where 0 &lt; y &lt; 6, else 0.</summary>
    Relu6,

    /// <summary>min(max(v + 3, 0), 6) / 6: Howard et al., arXiv:1905.02244. Derivative: 1 / 6 where -3 &lt; v &lt; 3, else 0.</summary>
    Hardsigmoid,

    /// <summary>v min(max(v + 3, 0), 6) / 6: the same paper. Derivative: 0 up to v = -3, 1 from v = 3 on, v / 3 + 1 / 2 between.</summary>
    Hardswish,
}

/// <param name="Slope">Of <see cref="ActivationKind.LeakyRelu"/> and <see cref="ActivationKind.Elu"/>; else 0.</param>
public readonly record struct Activation(ActivationKind Kind, float Slope = 0)
{
    public static Activation None => default;

    public static Activation Relu => new(ActivationKind.Relu);

    public static Activation Sigmoid => new(ActivationKind.Sigmoid);

    public static Activation Tanh => new(ActivationKind.Tanh);

    public static Activation Gelu => new(ActivationKind.Gelu);

    public static Activation GeluTanh => new(ActivationKind.GeluTanh);

    public static Activation Silu => new(ActivationKind.Silu);

    public static Activation Hardswish => new(ActivationKind.Hardswish);

    public static Activation Hardsigmoid => new(ActivationKind.Hardsigmoid);

    public static Activation Relu6 => new(ActivationKind.Relu6);

    public bool IsNone => Kind == ActivationKind.None;

    /// <summary>Whether the derivative follows from the output alone, so that neighbours can take the activation in.</summary>
    public bool HasDerivativeOfOutput => Kind switch
    {
        ActivationKind.Relu or ActivationKind.Relu6 or ActivationKind.Sigmoid or ActivationKind.Tanh => true,
        ActivationKind.LeakyRelu or ActivationKind.Elu => Slope >= 0,
        ActivationKind.None or ActivationKind.Hardsigmoid or ActivationKind.Hardswish or ActivationKind.Gelu or ActivationKind.GeluTanh or ActivationKind.Silu => false,
        _ => false, // Kernels of a GPU ask too, and cannot throw.
    };

    public static Activation LeakyRelu(float slope) => new(ActivationKind.LeakyRelu, slope);

    public static Activation Elu(float slope) => new(ActivationKind.Elu, slope);
}
