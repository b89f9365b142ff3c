using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Gemm;

/// <summary>What happens to an output on its way to memory, in this order, each step rounded.</summary>
/// <param name="AddPrior">target + chain: the blocks of 512 k after the first.</param>
/// <param name="Activation">Applied after the bias.</param>
internal readonly record struct EpilogueSteps(bool AddPrior, Activation Activation);

internal static unsafe class Epilogue<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>
    /// Writes neighbouring outputs of some rows of a tile. The tile may be read a vector beyond. Null pointers stand for steps left out.
    /// </summary>
    /// <param name="targetStride">Elements between rows of the target, and of <paramref name="derivative"/>.</param>
    /// <param name="bias">One value for all outputs of a row where <paramref name="biasByRow"/>, else one per column.</param>
    /// <param name="derivative">Outputs y of the sigmoid whose derivative y (1 - y) is multiplied in.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WriteRows(
        float* tile, int tileStride, int rows, int columns, float* target, nint targetStride, EpilogueSteps steps, float* bias, bool biasByRow, float* derivative)
    {
        var (hasBias, hasDerivative) = (bias != null, derivative != null);
        for (var row = 0; row < rows; row++)
        {
            for (var i = 0; i < columns; i += TSimd.Lanes)
            {
                WriteVector(
                    tile + i,
                    target + i,
                    Math.Min(TSimd.Lanes, columns - i),
                    steps,
                    biasByRow ? bias + row : bias + i,
                    biasByRow,
                    hasBias,
                    derivative + i,
                    hasDerivative);
            }

            tile += tileStride;
            target += targetStride;
            derivative += targetStride;
        }
    }

    /// <summary>As <see cref="WriteRows"/> for at most one vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteVector(
        float* tile, float* target, int count, EpilogueSteps steps, float* bias, bool biasByRow, bool hasBias, float* derivative, bool hasDerivative)
    {
        var value = TSimd.Load(tile);
        if (steps.AddPrior)
        {
            value = TSimd.Add(TSimd.LoadFirst(target, count), value);
        }

        if (hasBias)
        {
            value = TSimd.Add(value, biasByRow ? TSimd.Broadcast(*bias) : TSimd.LoadFirst(bias, count));
        }

        if (steps.Activation == Activation.Sigmoid)
        {
            value = VectorMath<TSimd, TVector>.Sigmoid(value);
        }

        if (hasDerivative)
        {
            value = TSimd.Multiply(value, VectorMath<TSimd, TVector>.SigmoidDerivative(TSimd.LoadFirst(derivative, count)));
        }

        if (count == TSimd.Lanes)
        {
            TSimd.Store(target, value);
        }
        else
        {
            TSimd.StoreFirst(target, value, count);
        }
    }
}
