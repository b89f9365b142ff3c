using System.Runtime.CompilerServices;

namespace Trainer.Kernels.Arithmetic;

/// <summary>Activations and their derivatives, of values in registers.</summary>
/// <remarks>What an operation is asked for is checked before; kernels of a GPU cannot throw, so that what is no kind, or has no such derivative, gives NaN.</remarks>
internal static class LaneActivation<TSimd, TVector>
    where TSimd : ILaneMath<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Activate(Activation activation, TVector v)
    {
        // Those that cost a few instructions stand where they are used; a call would make its loop keep every vector in memory.
        return activation.Kind switch
        {
            ActivationKind.None => v,
            ActivationKind.Relu => TSimd.SelectLess(v, TSimd.Broadcast(0), TSimd.Broadcast(0), v),
            _ => ActivateByFormula(activation, v),
        };
    }

    /// <summary>v f'(x) for the activations whose derivative follows from y = f(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector MultiplyDerivativeOfOutput(Activation activation, TVector y, TVector v)
    {
        var zero = TSimd.Broadcast(0);
        return activation.Kind switch
        {
            ActivationKind.Relu => TSimd.SelectLessOrEqual(y, zero, zero, v),
            ActivationKind.LeakyRelu => TSimd.SelectLess(zero, y, v, TSimd.Multiply(v, TSimd.Broadcast(activation.Slope))),
            ActivationKind.Elu => TSimd.SelectLess(zero, y, v, TSimd.Multiply(v, TSimd.Add(y, TSimd.Broadcast(activation.Slope)))),
            ActivationKind.Relu6 => TSimd.SelectLessOrEqual(y, zero, zero, TSimd.SelectLessOrEqual(TSimd.Broadcast(6), y, zero, v)),
            ActivationKind.Sigmoid => TSimd.Multiply(v, VectorMath<TSimd, TVector>.SigmoidDerivative(y)),
            ActivationKind.Tanh => TSimd.Multiply(v, VectorMath<TSimd, TVector>.TanhDerivative(y)),
            _ => TSimd.Broadcast(float.NaN),
        };
    }

    /// <summary>v f'(x) for the other activations.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static TVector MultiplyDerivativeOfInput(Activation activation, TVector x, TVector v) => activation.Kind switch
    {
        ActivationKind.LeakyRelu => MultiplyDerivativeOfOutput(activation, x, v),
        ActivationKind.Elu => TSimd.Multiply(v, VectorMath<TSimd, TVector>.EluDerivative(x, TSimd.Broadcast(activation.Slope))),
        ActivationKind.Hardsigmoid => TSimd.Multiply(v, Between(x, TSimd.Broadcast(0), TSimd.Broadcast(1f / 6), TSimd.Broadcast(0))),
        ActivationKind.Hardswish => TSimd.Multiply(
            v, Between(x, TSimd.Broadcast(0), TSimd.Add(TSimd.Divide(x, TSimd.Broadcast(3)), TSimd.Broadcast(0.5f)), TSimd.Broadcast(1))),
        ActivationKind.Gelu => TSimd.Multiply(v, VectorMath<TSimd, TVector>.GeluDerivative(x)),
        ActivationKind.GeluTanh => TSimd.Multiply(v, VectorMath<TSimd, TVector>.GeluTanhDerivative(x)),
        ActivationKind.Silu => TSimd.Multiply(v, VectorMath<TSimd, TVector>.SiluDerivative(x)),
        _ => TSimd.Broadcast(float.NaN),
    };

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static TVector ActivateByFormula(Activation activation, TVector v) => Formula(activation.Kind, activation.Slope, v);

    /// <summary>Activations other than none and relu. Where the kind is a constant, nothing is left of the choice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Formula(ActivationKind kind, float slope, TVector v) => kind switch
    {
        ActivationKind.LeakyRelu => TSimd.SelectLess(TSimd.Broadcast(0), v, v, TSimd.Multiply(v, TSimd.Broadcast(slope))),
        ActivationKind.Elu => VectorMath<TSimd, TVector>.Elu(v, TSimd.Broadcast(slope)),
        ActivationKind.Relu6 => Clip(v),
        ActivationKind.Hardswish => TSimd.Divide(TSimd.Multiply(v, Clip(TSimd.Add(v, TSimd.Broadcast(3)))), TSimd.Broadcast(6)),
        ActivationKind.Hardsigmoid => TSimd.Divide(Clip(TSimd.Add(v, TSimd.Broadcast(3))), TSimd.Broadcast(6)),
        ActivationKind.Sigmoid => VectorMath<TSimd, TVector>.Sigmoid(v),
        ActivationKind.Tanh => VectorMath<TSimd, TVector>.Tanh(v),
        ActivationKind.Gelu => VectorMath<TSimd, TVector>.Gelu(v),
        ActivationKind.GeluTanh => VectorMath<TSimd, TVector>.GeluTanh(v),
        ActivationKind.Silu => VectorMath<TSimd, TVector>.Silu(v),
        _ => TSimd.Broadcast(float.NaN),
    };

    /// <summary>below where x &lt;= -3, above where x &gt;= 3, else between.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Between(TVector x, TVector below, TVector between, TVector above) =>
        TSimd.SelectLessOrEqual(x, TSimd.Broadcast(-3), below, TSimd.SelectLessOrEqual(TSimd.Broadcast(3), x, above, between));

    /// <summary>min(max(v, 0), 6); NaN stays NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Clip(TVector v)
    {
        var (zero, six) = (TSimd.Broadcast(0), TSimd.Broadcast(6));
        v = TSimd.SelectLess(v, zero, zero, v);
        return TSimd.SelectLess(six, v, six, v);
    }
}
