using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Simd;
using static Trainer.Kernels.Canonical.WinogradPoints;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Winograd;

/// <summary>F(2, 5) with the points of <see cref="TransformsF43{TSimd,TVector}"/>, and its transform of inputs.</summary>
internal readonly unsafe struct TransformsF25<TSimd, TVector> : IWinogradTransforms
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    public static int Outputs => 2;

    public static int Taps => 5;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Input(float* d, nint step, float* target, nint targetStep) => TransformsF43<TSimd, TVector>.Input(d, step, target, targetStep);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Filter(float* g, nint step, float* target, nint targetStep)
    {
        TVector g0 = TSimd.Load(g), g1 = TSimd.Load(g + step), g2 = TSimd.Load(g + (2 * step));
        TVector g3 = TSimd.Load(g + (3 * step)), g4 = TSimd.Load(g + (4 * step));
        TVector a2 = TSimd.Broadcast((float)A2), b2 = TSimd.Broadcast((float)B2), ga = TSimd.Broadcast((float)Ga), gb = TSimd.Broadcast((float)Gb);
        TVector evenA = TSimd.MultiplyAdd(a2, TSimd.MultiplyAdd(a2, g4, g2), g0), oddA = TSimd.MultiplyAdd(a2, g3, g1);
        TVector evenB = TSimd.MultiplyAdd(b2, TSimd.MultiplyAdd(b2, g4, g2), g0), oddB = TSimd.MultiplyAdd(b2, g3, g1);
        TSimd.Store(target, TSimd.Multiply(TSimd.Broadcast((float)G0), g0));
        TSimd.Store(target + targetStep, TSimd.Multiply(ga, TSimd.MultiplyAdd(TSimd.Broadcast((float)A), oddA, evenA)));
        TSimd.Store(target + (2 * targetStep), TSimd.Multiply(ga, TSimd.MultiplyAdd(TSimd.Broadcast((float)-A), oddA, evenA)));
        TSimd.Store(target + (3 * targetStep), TSimd.Multiply(gb, TSimd.MultiplyAdd(TSimd.Broadcast((float)B), oddB, evenB)));
        TSimd.Store(target + (4 * targetStep), TSimd.Multiply(gb, TSimd.MultiplyAdd(TSimd.Broadcast((float)-B), oddB, evenB)));
        TSimd.Store(target + (5 * targetStep), g4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Output(float* m, nint step, float* target, nint targetStep)
    {
        TVector m0 = TSimd.Load(m), m1 = TSimd.Load(m + step), m2 = TSimd.Load(m + (2 * step));
        TVector m3 = TSimd.Load(m + (3 * step)), m4 = TSimd.Load(m + (4 * step)), m5 = TSimd.Load(m + (5 * step));
        var last = TSimd.MultiplyAdd(TSimd.Broadcast((float)A), TSimd.Subtract(m1, m2), m5);
        TSimd.Store(target, TSimd.Add(TSimd.Add(m0, TSimd.Add(m1, m2)), TSimd.Add(m3, m4)));
        TSimd.Store(target + targetStep, TSimd.MultiplyAdd(TSimd.Broadcast((float)B), TSimd.Subtract(m3, m4), last));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Gradient(float* y, nint step, float* target, nint targetStep)
    {
        TVector y0 = TSimd.Load(y), y1 = TSimd.Load(y + step);
        TSimd.Store(target, y0);
        TSimd.Store(target + targetStep, TSimd.MultiplyAdd(TSimd.Broadcast((float)A), y1, y0));
        TSimd.Store(target + (2 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast((float)-A), y1, y0));
        TSimd.Store(target + (3 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast((float)B), y1, y0));
        TSimd.Store(target + (4 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast((float)-B), y1, y0));
        TSimd.Store(target + (5 * targetStep), y1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FilterGradient(float* u, nint step, float* target, nint targetStep)
    {
        TVector u0 = TSimd.Load(u), u1 = TSimd.Load(u + step), u2 = TSimd.Load(u + (2 * step));
        TVector u3 = TSimd.Load(u + (3 * step)), u4 = TSimd.Load(u + (4 * step)), u5 = TSimd.Load(u + (5 * step));
        TVector evenA = TSimd.Add(u1, u2), oddA = TSimd.Subtract(u1, u2), evenB = TSimd.Add(u3, u4), oddB = TSimd.Subtract(u3, u4);
        var first = TSimd.MultiplyAdd(TSimd.Broadcast((float)Ga), evenA, TSimd.Multiply(TSimd.Broadcast((float)Gb), evenB));
        var second = TSimd.Multiply(TSimd.Broadcast((float)(B * Gb)), oddB);
        var third = TSimd.Multiply(TSimd.Broadcast((float)(B2 * Gb)), evenB);
        var fourth = TSimd.Multiply(TSimd.Broadcast((float)(B * B2 * Gb)), oddB);
        var fifth = TSimd.MultiplyAdd(TSimd.Broadcast((float)(B2 * B2 * Gb)), evenB, u5);
        TSimd.Store(target, TSimd.MultiplyAdd(TSimd.Broadcast((float)G0), u0, first));
        TSimd.Store(target + targetStep, TSimd.MultiplyAdd(TSimd.Broadcast((float)(A * Ga)), oddA, second));
        TSimd.Store(target + (2 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast((float)(A2 * Ga)), evenA, third));
        TSimd.Store(target + (3 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast((float)(A * A2 * Ga)), oddA, fourth));
        TSimd.Store(target + (4 * targetStep), TSimd.MultiplyAdd(TSimd.Broadcast((float)(A2 * A2 * Ga)), evenA, fifth));
    }
}
