using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Gemm;

/// <summary>Carries out <see cref="Finish"/> on tiles.</summary>
internal static unsafe class Epilogue<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>Neighbouring outputs of some channels of one sample. The tile may be read a vector beyond.</summary>
    /// <param name="targetStride">Elements from channel to channel of the target, the addend and the output.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WriteChannels(
        float* tile, int tileStride, int rows, int columns, float* target, nint targetStride, in Finish finish, FinishPlace place)
    {
        if (place.Prior == null && finish.Activation.Kind is (ActivationKind.None or ActivationKind.Relu))
        {
            if (place.Addend == null && (finish.Activation.IsNone || !finish.IsGradient))
            {
                WriteSimply(tile, tileStride, rows, columns, target, targetStride, place.Bias, !finish.Activation.IsNone);
            }
            else
            {
                WriteSums(tile, tileStride, rows, columns, target, targetStride, place, !finish.Activation.IsNone, finish.IsGradient);
            }

            return;
        }

        if (IsFormula(finish))
        {
            WriteChannels(tile, tileStride, rows, columns, target, targetStride, finish.WithoutActivation(), place);
            Activate(finish.Activation, target, targetStride, rows, columns);
            return;
        }

        for (var row = 0; row < rows; row++)
        {
            for (var i = 0; i < columns; i += TSimd.Lanes)
            {
                WriteVector(tile + i, target + i, Math.Min(TSimd.Lanes, columns - i), i, finish, place, true);
            }

            tile += tileStride;
            target += targetStride;
            place.Prior += place.Prior == null ? 0 : place.PriorStride;
            place.Bias += place.Bias == null ? 0 : 1;
            place.Addend += place.Addend == null ? 0 : targetStride;
            place.Output += place.Output == null ? 0 : targetStride;
        }
    }

    /// <summary>Whether the activation is worth a loop of its own, <see cref="Activate"/>, behind the outputs without it.</summary>
    public static bool IsFormula(in Finish finish) => !finish.IsGradient && ActivationRows<TSimd, TVector>.Suits(finish.Activation);

    private static void Activate(Activation activation, float* target, nint targetStride, int rows, int columns)
    {
        for (var row = 0; row < rows; row++, target += targetStride)
        {
            ActivationRows<TSimd, TVector>.Apply(activation, target, columns);
        }
    }

    /// <summary>What most calls are: at most a bias for each row and a relu.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WriteSimply(
        float* tile, nint tileStride, int rows, int columns, float* target, nint targetStride, float* biases, bool relu)
    {
        var zero = TSimd.Broadcast(0);
        var whole = columns - (columns % TSimd.Lanes);
        for (var row = 0; row < rows; row++, tile += tileStride, target += targetStride)
        {
            // Without bias nothing is added: -0 + 0 would be +0. Adding -0 changes no value.
            var bias = TSimd.Broadcast(biases == null ? -0f : biases[row]);
            for (nint i = 0; i < whole; i += TSimd.Lanes)
            {
                var value = TSimd.Add(TSimd.Load(tile + i), bias);
                TSimd.Store(target + i, relu ? TSimd.SelectLess(value, zero, zero, value) : value);
            }

            if (whole < columns)
            {
                var value = TSimd.Add(TSimd.Load(tile + whole), bias);
                TSimd.StoreFirst(target + whole, relu ? TSimd.SelectLess(value, zero, zero, value) : value, columns - whole);
            }
        }
    }

    /// <summary>What most others are: with an addend, or with the derivative of a relu, where rows of all operands are a stride apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WriteSums(
        float* tile, nint tileStride, int rows, int columns, float* target, nint targetStride, FinishPlace place, bool relu, bool isGradient)
    {
        var (biases, addend, output) = ((nint)place.Bias, (nint)place.Addend, (nint)place.Output);
        for (var row = 0; row < rows; row++, tile += tileStride, target += targetStride)
        {
            var bias = TSimd.Broadcast(biases == 0 ? -0f : ((float*)biases)[row]);
            nint i = 0;
            for (; i + TSimd.Lanes <= columns; i += TSimd.Lanes)
            {
                TSimd.Store(target + i, Sum(tile + i, bias, (float*)addend, (float*)output, i, relu, isGradient));
            }

            if (i < columns)
            {
                TSimd.StoreFirst(target + i, Sum(tile + i, bias, (float*)addend, (float*)output, i, relu, isGradient), columns - (int)i);
            }

            addend += addend == 0 ? 0 : targetStride * sizeof(float);
            output += output == 0 ? 0 : targetStride * sizeof(float);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Sum(float* tile, TVector bias, float* addend, float* output, nint i, bool relu, bool isGradient)
    {
        var zero = TSimd.Broadcast(0);
        var value = TSimd.Add(TSimd.Load(tile), bias);
        value = addend == null ? value : TSimd.Add(value, TSimd.Load(addend + i));
        return !relu ? value
            : isGradient ? TSimd.SelectLessOrEqual(TSimd.Load(output + i), zero, zero, value)
            : TSimd.SelectLess(value, zero, zero, value);
    }

    /// <summary>Neighbouring outputs of a linear layer for some samples, each with strides of its own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WriteSamples(
        float* tile, int tileStride, int rows, int columns, float* target, nint targetStride, in Finish finish, FinishPlace place)
    {
        if (IsFormula(finish))
        {
            WriteSamples(tile, tileStride, rows, columns, target, targetStride, finish.WithoutActivation(), place);
            Activate(finish.Activation, target, targetStride, rows, columns);
            return;
        }

        for (var row = 0; row < rows; row++)
        {
            for (var i = 0; i < columns; i += TSimd.Lanes)
            {
                WriteVector(tile + i, target + i, Math.Min(TSimd.Lanes, columns - i), i, finish, place, false);
            }

            tile += tileStride;
            target += targetStride;
            place.Prior += place.Prior == null ? 0 : place.PriorStride;
            place.Addend += place.Addend == null ? 0 : (nint)finish.Addend.Stride;
            place.Output += place.Output == null ? 0 : (nint)finish.Output.Stride;
        }
    }

    /// <summary>At most one vector: outputs i .. i + count of a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteVector(float* tile, float* target, int count, int i, in Finish finish, in FinishPlace place, bool biasByRow)
    {
        var value = TSimd.Load(tile);
        if (place.Prior != null)
        {
            value = TSimd.Add(TSimd.Load(place.Prior + i), value);
        }

        if (place.Bias != null)
        {
            value = TSimd.Add(value, biasByRow ? TSimd.Broadcast(*place.Bias) : TSimd.LoadFirst(place.Bias + i, count));
        }

        var addend = place.Addend == null ? null : place.Addend + i;
        value = finish.IsGradient
            ? VectorEpilogue<TSimd, TVector>.Gradient(value, finish.Activation, place.Output + i, addend)
            : VectorEpilogue<TSimd, TVector>.Output(value, finish.Activation, addend);
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
