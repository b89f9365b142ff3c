using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Pooling;

/// <summary>
/// The inner loops of pooling, over a row of outputs or of one phase of dx: every tap of the window is a row to read from, in the order in which the
/// results take them in. Leaf methods with few vectors alive, so all stay in registers.
/// </summary>
internal static unsafe class WindowRows<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>target = the largest of the taps, and which of them it was.</summary>
    /// <param name="numbers">Of the taps.</param>
    /// <param name="firstNumbers">Per column, the number that stands where no tap is larger than -infinity, less <paramref name="firstNumber"/>.</param>
    /// <param name="chosen">Written by whole vectors; null: not wanted.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Max(float** taps, float* numbers, int count, float* firstNumbers, float firstNumber, float* target, float* chosen, int columns)
    {
        for (var column = 0; column < columns; column += TSimd.Lanes)
        {
            var best = TSimd.Broadcast(float.NegativeInfinity);
            var number = TSimd.Add(TSimd.Load(firstNumbers + column), TSimd.Broadcast(firstNumber));
            for (var tap = 0; tap < count; tap++)
            {
                var value = TSimd.Load(taps[tap] + column);
                number = TSimd.SelectLess(best, value, TSimd.Broadcast(numbers[tap]), number);
                best = TSimd.SelectLess(best, value, value, best);
            }

            EpilogueRows<TSimd, TVector>.Store(target + column, best, columns - column);
            if (chosen != null)
            {
                TSimd.Store(chosen + column, number);
            }
        }
    }

    /// <summary>As <see cref="Max"/> where there may be NaN, which is larger than everything.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MaxOrNaN(float** taps, float* numbers, int count, float* firstNumbers, float firstNumber, float* target, float* chosen, int columns)
    {
        for (var column = 0; column < columns; column += TSimd.Lanes)
        {
            var best = TSimd.Broadcast(float.NegativeInfinity);
            var number = TSimd.Add(TSimd.Load(firstNumbers + column), TSimd.Broadcast(firstNumber));
            for (var tap = 0; tap < count; tap++)
            {
                TSimd.SelectLarger(TSimd.Load(taps[tap] + column), TSimd.Broadcast(numbers[tap]), ref best, ref number);
            }

            EpilogueRows<TSimd, TVector>.Store(target + column, best, columns - column);
            if (chosen != null)
            {
                TSimd.Store(chosen + column, number);
            }
        }
    }

    /// <summary>target = the sum of the taps, from +0, divided by <paramref name="rowPixels"/> x <paramref name="columnPixels"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Average(float** taps, int count, float rowPixels, float* columnPixels, float* target, int columns)
    {
        for (var column = 0; column < columns; column += TSimd.Lanes)
        {
            var sum = TSimd.Broadcast(0);
            for (var tap = 0; tap < count; tap++)
            {
                sum = TSimd.Add(sum, TSimd.Load(taps[tap] + column));
            }

            sum = TSimd.Divide(sum, TSimd.Multiply(TSimd.Broadcast(rowPixels), TSimd.Load(columnPixels + column)));
            EpilogueRows<TSimd, TVector>.Store(target + column, sum, columns - column);
        }
    }

    /// <summary>target = the sum of the taps, from +0; whole vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Sum(float** taps, int count, float* target, int columns)
    {
        for (var column = 0; column < columns; column += TSimd.Lanes)
        {
            var sum = TSimd.Broadcast(0);
            for (var tap = 0; tap < count; tap++)
            {
                sum = TSimd.Add(sum, TSimd.Load(taps[tap] + column));
            }

            TSimd.Store(target + column, sum);
        }
    }

    /// <summary>As <see cref="Sum"/>, of those whose number was chosen.</summary>
    /// <param name="chosen">Elements from a tap's gradient to the number of the tap that its window chose.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SumChosen(float** taps, float* numbers, int count, long chosen, float* target, int columns)
    {
        var zero = TSimd.Broadcast(0);
        for (var column = 0; column < columns; column += TSimd.Lanes)
        {
            var sum = zero;
            for (var tap = 0; tap < count; tap++)
            {
                var row = taps[tap] + column;
                sum = TSimd.Add(sum, TSimd.SelectEqual(TSimd.Load(row + chosen), TSimd.Broadcast(numbers[tap]), TSimd.Load(row), zero));
            }

            TSimd.Store(target + column, sum);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool HasNaN(float* values, int count)
    {
        // NaN is the one value that no lane finds equal to itself; a lane that has met one stays at 1.
        var (one, seen) = (TSimd.Broadcast(1), TSimd.Broadcast(0));
        var i = 0;
        for (; i + TSimd.Lanes <= count; i += TSimd.Lanes)
        {
            var value = TSimd.Load(values + i);
            seen = TSimd.SelectEqual(value, value, seen, one);
        }

        if (i < count)
        {
            var value = TSimd.LoadFirst(values + i, count - i);
            seen = TSimd.SelectEqual(value, value, seen, one);
        }

        return TSimd.Fold(seen) > 0;
    }
}
