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
    /// <summary>Writes <paramref name="count"/> neighbouring outputs of a tile row. The tile may be read a vector beyond.</summary>
    /// <param name="bias">One value for all outputs where <paramref name="biasStep"/> is 0, one each where it is 1; null for none.</param>
    /// <param name="derivative">Outputs y of the sigmoid whose derivative y (1 - y) is multiplied in; null for none.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Write(float* tile, float* target, int count, EpilogueSteps steps, float* bias, int biasStep, float* derivative)
    {
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var left = Math.Min(TSimd.Lanes, count - i);
            WriteVector(tile + i, target + i, left, steps, bias + (i * biasStep), biasStep, bias != null, derivative + i, derivative != null);
        }
    }

    /// <summary>As <see cref="Write"/> for at most one vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteVector(
        float* tile, float* target, int count, EpilogueSteps steps, float* bias, int biasStep, bool hasBias, float* derivative, bool hasDerivative)
    {
        var value = TSimd.Load(tile);
        if (steps.AddPrior)
        {
            value = TSimd.Add(TSimd.LoadFirst(target, count), value);
        }

        if (hasBias)
        {
            value = TSimd.Add(value, biasStep == 0 ? TSimd.Broadcast(*bias) : TSimd.LoadFirst(bias, count));
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
