using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>Epilogues over neighbouring results that are at hand, on their way to memory. Null pointers stand for tensors left out.</summary>
internal static unsafe class EpilogueRows<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>y = activation(source + addend)</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WriteOutputs(float* source, int count, Activation activation, float* addend, float* y)
    {
        if (ActivationRows<TSimd, TVector>.Suits(activation))
        {
            WriteOutputs(source, count, Activation.None, addend, y);
            ActivationRows<TSimd, TVector>.Apply(activation, y, count);
            return;
        }

        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var v = VectorEpilogue<TSimd, TVector>.Output(TSimd.Load(source + i), activation, addend == null ? null : addend + i);
            Store(y + i, v, count - i);
        }
    }

    /// <summary>dx = (source + addend) f'(output)</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WriteGradients(float* source, int count, Activation activation, float* output, float* addend, float* dx)
    {
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var v = TSimd.Load(source + i);
            v = VectorEpilogue<TSimd, TVector>.Gradient(v, activation, output + i, addend == null ? null : addend + i);
            Store(dx + i, v, count - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* target, TVector value, int left)
    {
        if (left >= TSimd.Lanes)
        {
            TSimd.Store(target, value);
        }
        else
        {
            TSimd.StoreFirst(target, value, left);
        }
    }
}
