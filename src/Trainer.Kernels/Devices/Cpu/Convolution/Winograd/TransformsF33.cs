using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Simd;
using static Trainer.Kernels.Canonical.WinogradPoints;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Winograd;

/// <summary>F(3, 3) with the points P, -P, Q, -Q and infinity; rows of B^T at -P and -Q have the other sign, so that those of G there have the same factor.</summary>
internal readonly unsafe struct TransformsF33<TSimd, TVector> : IWinogradTransforms
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    public static int Outputs => 3;

    public static int Taps => 3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Input(float* d, nint step, float* target, nint targetStep)
    {
        TVector d0 = TSimd.Load(d), d1 = TSimd.Load(d + step), d2 = TSimd.Load(d + (2 * step)), d3 = TSimd.Load(d + (3 * step)), d4 = TSimd.Load(d + (4 * step));
        TVector minusP2 = TSimd.Broadcast((float)-P2), minusQ2 = TSimd.Broadcast((float)-Q2), p = TSimd.Broadcast((float)P), q = TSimd.Broadcast((float)Q);
        TVector evenP = TSimd.MultiplyAdd(minusQ2, d0, d2), oddP = TSimd.MultiplyAdd(minusQ2, d1, d3);
        TVector evenQ = TSimd.MultiplyAdd(minusP2, d0, d2), oddQ = TSimd.MultiplyAdd(minusP2, d1, d3);
        TVector scaledP = TSimd.Multiply(p, evenP), scaledQ = TSimd.Multiply(q, evenQ);
        TSimd.Store(target, TSimd.Add(scaledP, oddP));
        TSimd.Store(target + targetStep, TSimd.Subtract(scaledP, oddP));
        TSimd.Store(target + (2 * targetStep), TSimd.Add(scaledQ, oddQ));
        TSimd.Store(target + (3 * targetStep), TSimd.Subtract(scaledQ, oddQ));
        var last = TSimd.MultiplyAdd(TSimd.Broadcast((float)-(P2 + Q2)), d2, d4);
        TSimd.Store(target + (4 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast((float)(P2 * Q2)), d0, last));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Filter(float* g, nint step, float* target, nint targetStep)
    {
        TVector g0 = TSimd.Load(g), g1 = TSimd.Load(g + step), g2 = TSimd.Load(g + (2 * step));
        TVector gp = TSimd.Broadcast((float)Gp), gq = TSimd.Broadcast((float)Gq);
        var evenP = TSimd.MultiplyAdd(TSimd.Broadcast((float)P2), g2, g0);
        var evenQ = TSimd.MultiplyAdd(TSimd.Broadcast((float)Q2), g2, g0);
        TSimd.Store(target, TSimd.Multiply(gp, TSimd.MultiplyAdd(TSimd.Broadcast((float)P), g1, evenP)));
        TSimd.Store(target + targetStep, TSimd.Multiply(gp, TSimd.MultiplyAdd(TSimd.Broadcast((float)-P), g1, evenP)));
        TSimd.Store(target + (2 * targetStep), TSimd.Multiply(gq, TSimd.MultiplyAdd(TSimd.Broadcast((float)Q), g1, evenQ)));
        TSimd.Store(target + (3 * targetStep), TSimd.Multiply(gq, TSimd.MultiplyAdd(TSimd.Broadcast((float)-Q), g1, evenQ)));
        TSimd.Store(target + (4 * targetStep), g2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Output(float* m, nint step, float* target, nint targetStep)
    {
        TVector m0 = TSimd.Load(m), m1 = TSimd.Load(m + step), m2 = TSimd.Load(m + (2 * step)), m3 = TSimd.Load(m + (3 * step)), m4 = TSimd.Load(m + (4 * step));
        TVector evenP = TSimd.Add(m0, m1), oddP = TSimd.Subtract(m0, m1), evenQ = TSimd.Add(m2, m3), oddQ = TSimd.Subtract(m2, m3);
        TSimd.Store(target, TSimd.Add(evenP, evenQ));
        TSimd.Store(target + targetStep, TSimd.MultiplyAdd(TSimd.Broadcast((float)Q), oddQ, TSimd.Multiply(TSimd.Broadcast((float)P), oddP)));
        var last = TSimd.MultiplyAdd(TSimd.Broadcast((float)P2), evenP, m4);
        TSimd.Store(target + (2 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast((float)Q2), evenQ, last));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Gradient(float* y, nint step, float* target, nint targetStep)
    {
        TVector y0 = TSimd.Load(y), y1 = TSimd.Load(y + step), y2 = TSimd.Load(y + (2 * step));
        var evenP = TSimd.MultiplyAdd(TSimd.Broadcast((float)P2), y2, y0);
        var evenQ = TSimd.MultiplyAdd(TSimd.Broadcast((float)Q2), y2, y0);
        TSimd.Store(target, TSimd.MultiplyAdd(TSimd.Broadcast((float)P), y1, evenP));
        TSimd.Store(target + targetStep, TSimd.MultiplyAdd(TSimd.Broadcast((float)-P), y1, evenP));
        TSimd.Store(target + (2 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast((float)Q), y1, evenQ));
        TSimd.Store(target + (3 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast((float)-Q), y1, evenQ));
        TSimd.Store(target + (4 * targetStep), y2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FilterGradient(float* u, nint step, float* target, nint targetStep)
    {
        TVector u0 = TSimd.Load(u), u1 = TSimd.Load(u + step), u2 = TSimd.Load(u + (2 * step)), u3 = TSimd.Load(u + (3 * step)), u4 = TSimd.Load(u + (4 * step));
        TVector evenP = TSimd.Add(u0, u1), oddP = TSimd.Subtract(u0, u1), evenQ = TSimd.Add(u2, u3), oddQ = TSimd.Subtract(u2, u3);
        TSimd.Store(target, TSimd.MultiplyAdd(TSimd.Broadcast((float)Gp), evenP, TSimd.Multiply(TSimd.Broadcast((float)Gq), evenQ)));
        var second = TSimd.Multiply(TSimd.Broadcast((float)(Q * Gq)), oddQ);
        TSimd.Store(target + targetStep, TSimd.MultiplyAdd(TSimd.Broadcast((float)(P * Gp)), oddP, second));
        var third = TSimd.MultiplyAdd(TSimd.Broadcast((float)(Q2 * Gq)), evenQ, u4);
        TSimd.Store(target + (2 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast((float)(P2 * Gp)), evenP, third));
    }
}
