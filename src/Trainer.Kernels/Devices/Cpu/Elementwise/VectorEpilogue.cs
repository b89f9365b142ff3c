using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>
/// <see cref="OutputEpilogue"/> and <see cref="GradientEpilogue"/> for one vector on its way to memory.
/// Operands are read a whole vector wide: what lies beyond the last element is not used.
/// </summary>
internal static unsafe class VectorEpilogue<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>activation(v + addend)</summary>
    /// <param name="addend">Null for none.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Output(TVector v, Activation activation, float* addend) =>
        LaneActivation<TSimd, TVector>.Activate(activation, addend == null ? v : TSimd.Add(v, TSimd.Load(addend)));

    /// <summary>(v + addend) f'(output)</summary>
    /// <param name="output">Not read without an activation.</param>
    /// <param name="addend">Null for none.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Gradient(TVector v, Activation activation, float* output, float* addend)
    {
        v = addend == null ? v : TSimd.Add(v, TSimd.Load(addend));
        return activation.IsNone ? v : LaneActivation<TSimd, TVector>.MultiplyDerivativeOfOutput(activation, TSimd.Load(output), v);
    }
}
