using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>
/// Activations in place, over neighbouring values that were just written: a loop for each formula, in which the values of several vectors are under way at
/// once. <see cref="LaneActivation{TSimd,TVector}.Activate"/> calls one for each vector, which costs several times as much.
/// </summary>
internal static unsafe class ActivationRows<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>Whether the activation is more than a few instructions, so that a loop of its own is worth a second way to the first-level cache.</summary>
    public static bool Suits(Activation activation) => activation.Kind is not (ActivationKind.None or ActivationKind.Relu);

    /// <param name="activation">One that <see cref="Suits"/>.</param>
    public static void Apply(Activation activation, float* values, int count)
    {
        switch (activation.Kind)
        {
            case ActivationKind.LeakyRelu:
                LeakyRelu(activation.Slope, values, count);
                break;
            case ActivationKind.Elu:
                Elu(activation.Slope, values, count);
                break;
            case ActivationKind.Relu6:
                Relu6(values, count);
                break;
            case ActivationKind.Hardswish:
                Hardswish(values, count);
                break;
            case ActivationKind.Hardsigmoid:
                Hardsigmoid(values, count);
                break;
            case ActivationKind.Sigmoid:
                Sigmoid(values, count);
                break;
            case ActivationKind.Tanh:
                Tanh(values, count);
                break;
            case ActivationKind.Gelu:
                Gelu(values, count);
                break;
            case ActivationKind.GeluTanh:
                GeluTanh(values, count);
                break;
            case ActivationKind.Silu:
                Silu(values, count);
                break;
            case ActivationKind.None or ActivationKind.Relu:
            default:
                throw new ArgumentOutOfRangeException(nameof(activation), activation.Kind, "No loop for this activation.");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LeakyRelu(float slope, float* values, int count) => Loop(ActivationKind.LeakyRelu, slope, values, count);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Elu(float slope, float* values, int count) => Loop(ActivationKind.Elu, slope, values, count);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Relu6(float* values, int count) => Loop(ActivationKind.Relu6, 0, values, count);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Hardswish(float* values, int count) => Loop(ActivationKind.Hardswish, 0, values, count);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Hardsigmoid(float* values, int count) => Loop(ActivationKind.Hardsigmoid, 0, values, count);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sigmoid(float* values, int count) => Loop(ActivationKind.Sigmoid, 0, values, count);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tanh(float* values, int count) => Loop(ActivationKind.Tanh, 0, values, count);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gelu(float* values, int count) => Loop(ActivationKind.Gelu, 0, values, count);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GeluTanh(float* values, int count) => Loop(ActivationKind.GeluTanh, 0, values, count);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Silu(float* values, int count) => Loop(ActivationKind.Silu, 0, values, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Loop(ActivationKind kind, float slope, float* values, int count)
    {
        var i = 0;
        for (; i + TSimd.Lanes <= count; i += TSimd.Lanes)
        {
            TSimd.Store(values + i, LaneActivation<TSimd, TVector>.Formula(kind, slope, TSimd.Load(values + i)));
        }

        if (i < count)
        {
            TSimd.StoreFirst(values + i, LaneActivation<TSimd, TVector>.Formula(kind, slope, TSimd.LoadFirst(values + i, count - i)), count - i);
        }
    }
}
