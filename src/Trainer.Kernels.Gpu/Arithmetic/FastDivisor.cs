using System.Numerics;

namespace Trainer.Kernels.Gpu.Arithmetic;

/// <summary>
/// Division of 0 &lt;= n &lt; 2^31 by a number that is known before the launch: n m / 2^(31 + s) with s = ceil(log2 d), m = floor(2^(31 + s) / d) + 1
/// (T. Granlund, P. Montgomery: Division by Invariant Integers using Multiplication, PLDI 1994, theorem 4.2).
/// </summary>
internal readonly struct FastDivisor
{
    private readonly uint _multiplier;
    private readonly int _shift;

    public FastDivisor(int divisor)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(divisor, 1);
        Divisor = divisor;
        _shift = 31 + (32 - BitOperations.LeadingZeroCount((uint)divisor - 1));
        _multiplier = checked((uint)(((UInt128.One << _shift) / (uint)divisor) + 1));
    }

    public int Divisor { get; }

    public int Quotient(int n) => (int)(((ulong)(uint)n * _multiplier) >> _shift);
}
