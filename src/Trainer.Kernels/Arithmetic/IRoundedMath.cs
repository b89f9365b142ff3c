namespace Trainer.Kernels.Arithmetic;

/// <summary>Sums and products of float32 values, each rounded once, to nearest, ties to even.</summary>
internal interface IRoundedMath<TValue>
    where TValue : struct
{
    static abstract TValue Add(TValue a, TValue b);

    static abstract TValue Subtract(TValue a, TValue b);

    static abstract TValue Multiply(TValue a, TValue b);

    /// <summary>a * b + c, rounded once.</summary>
    static abstract TValue MultiplyAdd(TValue a, TValue b, TValue c);
}

/// <summary>Of one value, as .NET computes it on every processor.</summary>
internal readonly struct HostMath : IRoundedMath<float>
{
    public static float Add(float a, float b) => a + b;

    public static float Subtract(float a, float b) => a - b;

    public static float Multiply(float a, float b) => a * b;

    public static float MultiplyAdd(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);
}
