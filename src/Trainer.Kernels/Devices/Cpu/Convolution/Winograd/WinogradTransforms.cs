using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Winograd;

/// <summary>
/// The one-dimensional transforms of F(4, 3) with the points 0, 1, -1, 2, -2 and infinity, and their adjoints, which weight gradients take. Each is a
/// fixed sequence of operations, in two dimensions first along columns, then along rows: part of the canonical arithmetic.
/// </summary>
/// <remarks>Elements are read and written a stride apart.</remarks>
internal static unsafe class WinogradTransforms<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>B^T d</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Input(float* d, nint step, float* target, nint targetStep)
    {
        TVector d0 = TSimd.Load(d), d1 = TSimd.Load(d + step), d2 = TSimd.Load(d + (2 * step));
        TVector d3 = TSimd.Load(d + (3 * step)), d4 = TSimd.Load(d + (4 * step)), d5 = TSimd.Load(d + (5 * step));
        TVector four = TSimd.Broadcast(4), minusFive = TSimd.Broadcast(-5), minusFour = TSimd.Broadcast(-4);
        var even = TSimd.MultiplyAdd(minusFour, d2, d4);
        var odd = TSimd.MultiplyAdd(minusFour, d1, d3);
        var (evenTwo, oddTwo) = (TSimd.Subtract(d4, d2), TSimd.Subtract(d3, d1));
        TSimd.Store(target, TSimd.MultiplyAdd(four, d0, TSimd.MultiplyAdd(minusFive, d2, d4)));
        TSimd.Store(target + targetStep, TSimd.Add(even, odd));
        TSimd.Store(target + (2 * targetStep), TSimd.Subtract(even, odd));
        TSimd.Store(target + (3 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast(2), oddTwo, evenTwo));
        TSimd.Store(target + (4 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast(-2), oddTwo, evenTwo));
        TSimd.Store(target + (5 * targetStep), TSimd.MultiplyAdd(four, d1, TSimd.MultiplyAdd(minusFive, d3, d5)));
    }

    /// <summary>G g</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Filter(float* g, nint step, float* target, nint targetStep)
    {
        TVector g0 = TSimd.Load(g), g1 = TSimd.Load(g + step), g2 = TSimd.Load(g + (2 * step));
        TVector sixth = TSimd.Broadcast(-1f / 6), twentyFourth = TSimd.Broadcast(1f / 24);
        var one = TSimd.Add(g0, g2);
        var two = TSimd.MultiplyAdd(TSimd.Broadcast(4), g2, g0);
        TSimd.Store(target, TSimd.Multiply(TSimd.Broadcast(0.25f), g0));
        TSimd.Store(target + targetStep, TSimd.Multiply(sixth, TSimd.Add(one, g1)));
        TSimd.Store(target + (2 * targetStep), TSimd.Multiply(sixth, TSimd.Subtract(one, g1)));
        TSimd.Store(target + (3 * targetStep), TSimd.Multiply(twentyFourth, TSimd.MultiplyAdd(TSimd.Broadcast(2), g1, two)));
        TSimd.Store(target + (4 * targetStep), TSimd.Multiply(twentyFourth, TSimd.MultiplyAdd(TSimd.Broadcast(-2), g1, two)));
        TSimd.Store(target + (5 * targetStep), g2);
    }

    /// <summary>A^T m</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Output(float* m, nint step, float* target, nint targetStep)
    {
        TVector m0 = TSimd.Load(m), m1 = TSimd.Load(m + step), m2 = TSimd.Load(m + (2 * step));
        TVector m3 = TSimd.Load(m + (3 * step)), m4 = TSimd.Load(m + (4 * step)), m5 = TSimd.Load(m + (5 * step));
        var (sumOne, differenceOne) = (TSimd.Add(m1, m2), TSimd.Subtract(m1, m2));
        var (sumTwo, differenceTwo) = (TSimd.Add(m3, m4), TSimd.Subtract(m3, m4));
        TSimd.Store(target, TSimd.Add(TSimd.Add(m0, sumOne), sumTwo));
        TSimd.Store(target + targetStep, TSimd.MultiplyAdd(TSimd.Broadcast(2), differenceTwo, differenceOne));
        TSimd.Store(target + (2 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast(4), sumTwo, sumOne));
        TSimd.Store(target + (3 * targetStep), TSimd.Add(TSimd.MultiplyAdd(TSimd.Broadcast(8), differenceTwo, differenceOne), m5));
    }

    /// <summary>A y, the adjoint of <see cref="Output"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Gradient(float* y, nint step, float* target, nint targetStep)
    {
        TVector y0 = TSimd.Load(y), y1 = TSimd.Load(y + step), y2 = TSimd.Load(y + (2 * step)), y3 = TSimd.Load(y + (3 * step));
        var four = TSimd.Broadcast(4);
        var (even, odd) = (TSimd.Add(y0, y2), TSimd.Add(y1, y3));
        var (evenTwo, oddTwo) = (TSimd.MultiplyAdd(four, y2, y0), TSimd.MultiplyAdd(four, y3, y1));
        TSimd.Store(target, y0);
        TSimd.Store(target + targetStep, TSimd.Add(even, odd));
        TSimd.Store(target + (2 * targetStep), TSimd.Subtract(even, odd));
        TSimd.Store(target + (3 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast(2), oddTwo, evenTwo));
        TSimd.Store(target + (4 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast(-2), oddTwo, evenTwo));
        TSimd.Store(target + (5 * targetStep), y3);
    }

    /// <summary>G^T u, the adjoint of <see cref="Filter"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FilterGradient(float* u, nint step, float* target, nint targetStep)
    {
        TVector u0 = TSimd.Load(u), u1 = TSimd.Load(u + step), u2 = TSimd.Load(u + (2 * step));
        TVector u3 = TSimd.Load(u + (3 * step)), u4 = TSimd.Load(u + (4 * step)), u5 = TSimd.Load(u + (5 * step));
        TVector sixth = TSimd.Broadcast(1f / 6), sumOne = TSimd.Add(u1, u2), sumTwo = TSimd.Add(u3, u4);
        var first = TSimd.MultiplyAdd(TSimd.Broadcast(-1f / 6), sumOne, TSimd.Multiply(TSimd.Broadcast(1f / 24), sumTwo));
        var second = TSimd.Multiply(TSimd.Broadcast(1f / 12), TSimd.Subtract(u3, u4));
        TSimd.Store(target, TSimd.MultiplyAdd(TSimd.Broadcast(0.25f), u0, first));
        TSimd.Store(target + targetStep, TSimd.MultiplyAdd(sixth, TSimd.Subtract(u2, u1), second));
        TSimd.Store(target + (2 * targetStep), TSimd.MultiplyAdd(sixth, TSimd.Subtract(sumTwo, sumOne), u5));
    }
}
