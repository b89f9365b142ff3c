using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;

namespace Trainer.Kernels.Tests.Reference;

/// <summary>Epilogues, activations, and where an element of a sample lies.</summary>
public sealed partial class ReferenceDevice
{
    /// <summary>Element <paramref name="index"/> of sample n of an activation with so many elements a sample.</summary>
    private static ref float At(Tensor tensor, int n, int index, int elements) => ref tensor.Host[(int)((n * tensor.StrideOf(elements)) + index)];

    /// <summary>activation(v + addend)</summary>
    private static float Finish(in OutputEpilogue epilogue, float v, int n, int index, int elements) =>
        Activate(epilogue.Activation, epilogue.Addend.IsEmpty ? v : v + At(epilogue.Addend, n, index, elements));

    /// <summary>(v + addend) f'(output)</summary>
    private static float Finish(in GradientEpilogue epilogue, float v, int n, int index, int elements)
    {
        v = epilogue.Addend.IsEmpty ? v : v + At(epilogue.Addend, n, index, elements);
        return epilogue.Activation.IsNone ? v : MultiplyDerivative(epilogue.Activation, At(epilogue.Output, n, index, elements), v);
    }

    private static float Activate(Activation activation, float v) => activation.Kind switch
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

    private static float MultiplyDerivative(Activation activation, float y, float v) => activation.Kind switch
    {
        ActivationKind.Relu => y <= 0 ? 0 : v,
        ActivationKind.LeakyRelu => y > 0 ? v : v * activation.Slope,
        ActivationKind.Elu => y > 0 ? v : v * (y + activation.Slope),
        ActivationKind.Relu6 => y is <= 0 or >= 6 ? 0 : v,
        ActivationKind.Sigmoid => v * (y * (1 - y)),
        ActivationKind.Tanh => v * MathF.FusedMultiplyAdd(-y, y, 1),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "No derivative of its output."),
    };
}
