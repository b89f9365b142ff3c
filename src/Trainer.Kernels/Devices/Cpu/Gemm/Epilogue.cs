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
            var value = TSimd.Load(tile + i);
            if (steps.AddPrior)
            {
                value = TSimd.Add(TSimd.LoadFirst(target + i, left), value);
            }

            if (bias != null)
            {
                value = TSimd.Add(value, biasStep == 0 ? TSimd.Broadcast(*bias) : TSimd.LoadFirst(bias + i, left));
            }

            if (steps.Activation == Activation.Sigmoid)
            {
                value = VectorMath<TSimd, TVector>.Sigmoid(value);
            }

            if (derivative != null)
            {
                var y = TSimd.LoadFirst(derivative + i, left);
                value = TSimd.Multiply(value, VectorMath<TSimd, TVector>.SigmoidDerivative(y));
            }

            if (left == TSimd.Lanes)
            {
                TSimd.Store(target + i, value);
            }
            else
            {
                TSimd.StoreFirst(target + i, value, left);
            }
        }
    }
}
