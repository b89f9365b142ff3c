using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>What element number i adds to a lane of a sum in Form L.</summary>
internal unsafe interface ILaneTerm<TVector>
    where TVector : struct
{
    /// <param name="a">The elements at hand; a whole vector may be read.</param>
    /// <param name="b">Those of a second operand, where the term has one.</param>
    /// <param name="p">A constant of the sum; likewise <paramref name="q"/>.</param>
    static abstract TVector AddTo(TVector sum, float* a, float* b, TVector p, TVector q);
}

/// <summary>
/// Form L: element k adds, ascending, to virtual lane k mod 16, from +0; the lanes are folded 8, 4, 2, 1. All registers that the 16 lanes take
/// on an instruction set are summed in one pass.
/// </summary>
internal static unsafe class LaneSum<TSimd, TVector, TTerm>
    where TSimd : ISimd<TVector>
    where TVector : struct
    where TTerm : ILaneTerm<TVector>
{
    private const int VirtualLanes = 16;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Of(float* a, float* b, float p, float q, long count)
    {
        var (first, second) = (TSimd.Broadcast(p), TSimd.Broadcast(q));
        var sum0 = TSimd.Broadcast(0);
        var (sum1, sum2, sum3) = (sum0, sum0, sum0);
        var i = 0L;
        for (; i + VirtualLanes <= count; i += VirtualLanes)
        {
            sum0 = TTerm.AddTo(sum0, a + i, b + i, first, second);
            if (TSimd.Lanes <= 8)
            {
                sum1 = TTerm.AddTo(sum1, a + i + TSimd.Lanes, b + i + TSimd.Lanes, first, second);
            }

            if (TSimd.Lanes == 4)
            {
                sum2 = TTerm.AddTo(sum2, a + i + 8, b + i + 8, first, second);
                sum3 = TTerm.AddTo(sum3, a + i + 12, b + i + 12, first, second);
            }
        }

        if (i < count)
        {
            a = a + i;
            b = b + i;
            count = count - i;
            sum0 = AddFirst(sum0, a, b, first, second, count);
            if (TSimd.Lanes <= 8)
            {
                sum1 = AddFirst(sum1, a + TSimd.Lanes, b + TSimd.Lanes, first, second, count - TSimd.Lanes);
            }

            if (TSimd.Lanes == 4)
            {
                sum2 = AddFirst(sum2, a + 8, b + 8, first, second, count - 8);
                sum3 = AddFirst(sum3, a + 12, b + 12, first, second, count - 12);
            }
        }

        sum0 = TSimd.Lanes == 4 ? TSimd.Add(sum0, sum2) : sum0;
        sum1 = TSimd.Lanes == 4 ? TSimd.Add(sum1, sum3) : sum1;
        return TSimd.Fold(TSimd.Lanes <= 8 ? TSimd.Add(sum0, sum1) : sum0);
    }

    /// <summary>Lanes from <paramref name="count"/> on keep their sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector AddFirst(TVector sum, float* a, float* b, TVector p, TVector q, long count) =>
        count <= 0 ? sum : TSimd.SelectFirst((int)Math.Min(count, TSimd.Lanes), TTerm.AddTo(sum, a, b, p, q), sum);
}

/// <summary>a</summary>
internal readonly unsafe struct ValueTerm<TSimd, TVector> : ILaneTerm<TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector AddTo(TVector sum, float* a, float* b, TVector p, TVector q) => TSimd.Add(sum, TSimd.Load(a));
}

/// <summary>(a - p)^2, fused into the sum.</summary>
internal readonly unsafe struct SquaredDeviationTerm<TSimd, TVector> : ILaneTerm<TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector AddTo(TVector sum, float* a, float* b, TVector p, TVector q)
    {
        var d = TSimd.Subtract(TSimd.Load(a), p);
        return TSimd.MultiplyAdd(d, d, sum);
    }
}

/// <summary>a b, fused into the sum.</summary>
internal readonly unsafe struct ProductTerm<TSimd, TVector> : ILaneTerm<TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector AddTo(TVector sum, float* a, float* b, TVector p, TVector q) => TSimd.MultiplyAdd(TSimd.Load(a), TSimd.Load(b), sum);
}

/// <summary>(a - b)^2, fused into the sum.</summary>
internal readonly unsafe struct SquaredDifferenceTerm<TSimd, TVector> : ILaneTerm<TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector AddTo(TVector sum, float* a, float* b, TVector p, TVector q)
    {
        var d = TSimd.Subtract(TSimd.Load(a), TSimd.Load(b));
        return TSimd.MultiplyAdd(d, d, sum);
    }
}

/// <summary>a (b - p) q, the last product fused into the sum.</summary>
internal readonly unsafe struct NormalizedProductTerm<TSimd, TVector> : ILaneTerm<TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector AddTo(TVector sum, float* a, float* b, TVector p, TVector q) =>
        TSimd.MultiplyAdd(TSimd.Load(a), TSimd.Multiply(TSimd.Subtract(TSimd.Load(b), p), q), sum);
}
