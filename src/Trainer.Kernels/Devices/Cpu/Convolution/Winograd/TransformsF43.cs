using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Simd;
using static Trainer.Kernels.Canonical.WinogradPoints;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Winograd;

/// <summary>F(4, 3) with the points 0, A, -A, B, -B and infinity.</summary>
internal readonly unsafe struct TransformsF43<TSimd, TVector> : IWinogradTransforms
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    public static int Outputs => 4;

    public static int Taps => 3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Input(float* d, nint step, float* target, nint targetStep)
    {
        TVector d0 = TSimd.Load(d), d1 = TSimd.Load(d + step), d2 = TSimd.Load(d + (2 * step));
        TVector d3 = TSimd.Load(d + (3 * step)), d4 = TSimd.Load(d + (4 * step)), d5 = TSimd.Load(d + (5 * step));
        TVector product = TSimd.Broadcast((float)(A2 * B2)), minusSum = TSimd.Broadcast((float)-(A2 + B2));
        TVector minusA2 = TSimd.Broadcast((float)-A2), minusB2 = TSimd.Broadcast((float)-B2);
        TVector evenA = TSimd.MultiplyAdd(minusB2, d2, d4), oddA = TSimd.MultiplyAdd(minusB2, d1, d3);
        TVector evenB = TSimd.MultiplyAdd(minusA2, d2, d4), oddB = TSimd.MultiplyAdd(minusA2, d1, d3);
        TSimd.Store(target, TSimd.MultiplyAdd(product, d0, TSimd.MultiplyAdd(minusSum, d2, d4)));
        TSimd.Store(target + targetStep, TSimd.MultiplyAdd(TSimd.Broadcast((float)A), oddA, evenA));
        TSimd.Store(target + (2 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast((float)-A), oddA, evenA));
        TSimd.Store(target + (3 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast((float)B), oddB, evenB));
        TSimd.Store(target + (4 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast((float)-B), oddB, evenB));
        TSimd.Store(target + (5 * targetStep), TSimd.MultiplyAdd(product, d1, TSimd.MultiplyAdd(minusSum, d3, d5)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Filter(float* g, nint step, float* target, nint targetStep)
    {
        TVector g0 = TSimd.Load(g), g1 = TSimd.Load(g + step), g2 = TSimd.Load(g + (2 * step));
        TVector ga = TSimd.Broadcast((float)Ga), gb = TSimd.Broadcast((float)Gb);
        var evenA = TSimd.MultiplyAdd(TSimd.Broadcast((float)A2), g2, g0);
        var evenB = TSimd.MultiplyAdd(TSimd.Broadcast((float)B2), g2, g0);
        TSimd.Store(target, TSimd.Multiply(TSimd.Broadcast((float)G0), g0));
        TSimd.Store(target + targetStep, TSimd.Multiply(ga, TSimd.MultiplyAdd(TSimd.Broadcast((float)A), g1, evenA)));
        TSimd.Store(target + (2 * targetStep), TSimd.Multiply(ga, TSimd.MultiplyAdd(TSimd.Broadcast((float)-A), g1, evenA)));
        TSimd.Store(target + (3 * targetStep), TSimd.Multiply(gb, TSimd.MultiplyAdd(TSimd.Broadcast((float)B), g1, evenB)));
        TSimd.Store(target + (4 * targetStep), TSimd.Multiply(gb, TSimd.MultiplyAdd(TSimd.Broadcast((float)-B), g1, evenB)));
        TSimd.Store(target + (5 * targetStep), g2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Output(float* m, nint step, float* target, nint targetStep)
    {
        TVector m0 = TSimd.Load(m), m1 = TSimd.Load(m + step), m2 = TSimd.Load(m + (2 * step));
        TVector m3 = TSimd.Load(m + (3 * step)), m4 = TSimd.Load(m + (4 * step)), m5 = TSimd.Load(m + (5 * step));
        TVector evenA = TSimd.Add(m1, m2), oddA = TSimd.Subtract(m1, m2), evenB = TSimd.Add(m3, m4), oddB = TSimd.Subtract(m3, m4);
        var last = TSimd.MultiplyAdd(TSimd.Broadcast((float)(A * A2)), oddA, m5);
        TSimd.Store(target, TSimd.Add(TSimd.Add(m0, evenA), evenB));
        TSimd.Store(target + targetStep, TSimd.MultiplyAdd(TSimd.Broadcast((float)B), oddB, TSimd.Multiply(TSimd.Broadcast((float)A), oddA)));
        TSimd.Store(target + (2 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast((float)B2), evenB, TSimd.Multiply(TSimd.Broadcast((float)A2), evenA)));
        TSimd.Store(target + (3 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast((float)(B * B2)), oddB, last));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Gradient(float* y, nint step, float* target, nint targetStep)
    {
        TVector y0 = TSimd.Load(y), y1 = TSimd.Load(y + step), y2 = TSimd.Load(y + (2 * step)), y3 = TSimd.Load(y + (3 * step));
        var evenA = TSimd.MultiplyAdd(TSimd.Broadcast((float)A2), y2, y0);
        var evenB = TSimd.MultiplyAdd(TSimd.Broadcast((float)B2), y2, y0);
        var oddA = TSimd.MultiplyAdd(TSimd.Broadcast((float)(A * A2)), y3, TSimd.Multiply(TSimd.Broadcast((float)A), y1));
        var oddB = TSimd.MultiplyAdd(TSimd.Broadcast((float)(B * B2)), y3, TSimd.Multiply(TSimd.Broadcast((float)B), y1));
        TSimd.Store(target, y0);
        TSimd.Store(target + targetStep, TSimd.Add(evenA, oddA));
        TSimd.Store(target + (2 * targetStep), TSimd.Subtract(evenA, oddA));
        TSimd.Store(target + (3 * targetStep), TSimd.Add(evenB, oddB));
        TSimd.Store(target + (4 * targetStep), TSimd.Subtract(evenB, oddB));
        TSimd.Store(target + (5 * targetStep), y3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FilterGradient(float* u, nint step, float* target, nint targetStep)
    {
        TVector u0 = TSimd.Load(u), u1 = TSimd.Load(u + step), u2 = TSimd.Load(u + (2 * step));
        TVector u3 = TSimd.Load(u + (3 * step)), u4 = TSimd.Load(u + (4 * step)), u5 = TSimd.Load(u + (5 * step));
        TVector evenA = TSimd.Add(u1, u2), oddA = TSimd.Subtract(u1, u2), evenB = TSimd.Add(u3, u4), oddB = TSimd.Subtract(u3, u4);
        var first = TSimd.MultiplyAdd(TSimd.Broadcast((float)Ga), evenA, TSimd.Multiply(TSimd.Broadcast((float)Gb), evenB));
        var second = TSimd.Multiply(TSimd.Broadcast((float)(B * Gb)), oddB);
        var third = TSimd.MultiplyAdd(TSimd.Broadcast((float)(B2 * Gb)), evenB, u5);
        TSimd.Store(target, TSimd.MultiplyAdd(TSimd.Broadcast((float)G0), u0, first));
        TSimd.Store(target + targetStep, TSimd.MultiplyAdd(TSimd.Broadcast((float)(A * Ga)), oddA, second));
        TSimd.Store(target + (2 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast((float)(A2 * Ga)), evenA, third));
    }
}
