namespace Trainer.Kernels.Devices.Operands;

/// <summary>The shape that an operation expects of an operand, for checks that allocate only when they fail.</summary>
internal readonly record struct Extent(int Rank, long A, long B = 1, long C = 1, long D = 1)
{
    public long Elements => checked(A * B * C * D);

    public static Extent Of(long a) => new(1, a);

    public static Extent Of(long a, long b) => new(2, a, b);

    public static Extent Of(long a, long b, long c, long d) => new(4, a, b, c, d);

    public override string ToString() => Rank switch
    {
        1 => $"({A})",
        2 => $"({A},{B})",
        _ => $"({A},{B},{C},{D})",
    };
}
