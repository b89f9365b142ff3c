using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;

namespace Trainer.Kernels.Tests.Reference;

/// <summary>Epilogues, activations, and where an element of a sample lies.</summary>
internal static class ReferenceElements
{
    /// <summary>Element <paramref name="index"/> of sample n of an activation with so many elements a sample.</summary>
    public static ref float At(Tensor tensor, int n, int index, int elements) => ref tensor.Host[(int)((n * tensor.StrideOf(elements)) + index)];

    /// <summary>activation(v + addend)</summary>
    public static float Finish(in OutputEpilogue epilogue, float v, int n, int index, int elements) =>
        Activate(epilogue.Activation, epilogue.Addend.IsEmpty ? v : v + At(epilogue.Addend, n, index, elements));

    /// <summary>(v + addend) f'(output)</summary>
    public static float Finish(in GradientEpilogue epilogue, float v, int n, int index, int elements)
    {
        v = epilogue.Addend.IsEmpty ? v : v + At(epilogue.Addend, n, index, elements);
        return epilogue.Activation.IsNone ? v : MultiplyDerivative(epilogue.Activation, At(epilogue.Output, n, index, elements), v);
    }

    public static float Activate(Activation activation, float v) => activation.Kind switch
    {
        ActivationKind.None => v,
        ActivationKind.Relu => v < 0 ? 0 : v,
        ActivationKind.LeakyRelu => v > 0 ? v : activation.Slope * v,
        ActivationKind.Elu => v > 0 ? v : (float)(activation.Slope * (Math.Exp(v) - 1)),
        ActivationKind.Relu6 => float.Clamp(v, 0, 6),
        ActivationKind.Hardsigmoid => float.Clamp(v + 3, 0, 6) / 6,
        ActivationKind.Hardswish => v * float.Clamp(v + 3, 0, 6) / 6,
        ActivationKind.Sigmoid => (float)(1 / (1 + Math.Exp(-(double)v))),
        ActivationKind.Tanh => (float)Math.Tanh(v),
        ActivationKind.Gelu => (float)(v * NormalBelow(v)),
        ActivationKind.GeluTanh => (float)(v * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (v + (0.044715 * v * v * v)))) / 2),
        ActivationKind.Silu => (float)(v / (1 + Math.Exp(-(double)v))),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "No such activation."),
    };

    public static float MultiplyDerivative(Activation activation, float y, float v) => activation.Kind switch
    {
        ActivationKind.Relu => y <= 0 ? 0 : v,
        ActivationKind.LeakyRelu => y > 0 ? v : v * activation.Slope,
        ActivationKind.Elu => y > 0 ? v : v * (y + activation.Slope),
        ActivationKind.Relu6 => y is <= 0 or >= 6 ? 0 : v,
        ActivationKind.Sigmoid => v * (y * (1 - y)),
        ActivationKind.Tanh => v * MathF.FusedMultiplyAdd(-y, y, 1),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "No derivative of its output."),
    };

    /// <summary>Element i of a sample of an activation, whose samples may be a stride apart.</summary>
    public static ref float Element(Tensor tensor, long elements, int sample, long i) => ref tensor.Host[(int)((sample * tensor.StrideOf(elements)) + i)];

    public static void Write(in OutputEpilogue epilogue, Tensor y, long elements, int sample, long i, float v)
    {
        v = epilogue.Addend.IsEmpty ? v : v + Element(epilogue.Addend, elements, sample, i);
        Element(y, elements, sample, i) = Activate(epilogue.Activation, v);
    }

    public static void Write(in GradientEpilogue epilogue, Tensor dx, long elements, int sample, long i, float v)
    {
        v = epilogue.Addend.IsEmpty ? v : v + Element(epilogue.Addend, elements, sample, i);
        Element(dx, elements, sample, i) =
            epilogue.Activation.IsNone ? v : MultiplyDerivative(epilogue.Activation, Element(epilogue.Output, elements, sample, i), v);
    }

    public static float DerivativeOfInput(Activation activation, float x)
    {
        switch (activation.Kind)
        {
            case ActivationKind.LeakyRelu:
                return x > 0 ? 1 : activation.Slope;
            case ActivationKind.Elu:
                return (float)(x > 0 ? 1 : activation.Slope * Math.Exp(x));
            case ActivationKind.Hardsigmoid:
                return x is <= -3 or >= 3 ? 0 : 1f / 6;
            case ActivationKind.Hardswish:
                return x <= -3 ? 0 : x >= 3 ? 1 : (x / 3) + 0.5f;
            case ActivationKind.Gelu:
                return (float)(NormalBelow(x) + (x * Math.Exp(-(double)x * x / 2) / Math.Sqrt(2 * Math.PI)));
            case ActivationKind.GeluTanh:
                var u = Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x));
                var slope = Math.Sqrt(2 / Math.PI) * (1 + (3 * 0.044715 * x * x));
                return (float)(((1 + Math.Tanh(u)) / 2) + (x * (1 - (Math.Tanh(u) * Math.Tanh(u))) * slope / 2));
            case ActivationKind.Silu:
                var s = 1 / (1 + Math.Exp(-(double)x));
                return (float)(s + (x * s * (1 - s)));
            case ActivationKind.None or ActivationKind.Relu or ActivationKind.Relu6 or ActivationKind.Sigmoid or ActivationKind.Tanh:
            default:
                throw new ArgumentOutOfRangeException(nameof(activation), activation, "No derivative of its input.");
        }
    }

    /// <summary>The normal distribution below x: 1/2 + phi(x) (x + x^3 / 3 + x^5 / (3 5) + ...), for |x| up to about 10.</summary>
    private static double NormalBelow(double x)
    {
        var (sum, term) = (x, x);
        for (var k = 3; k < 400; k += 2)
        {
            term *= x * x / k;
            sum += term;
        }

        return 0.5 + (Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI) * sum);
    }
}
