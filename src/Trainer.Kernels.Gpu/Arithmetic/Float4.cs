
namespace Trainer.Kernels.Gpu.Arithmetic;

/// <summary>Four neighbours: read and written by one instruction of 16 bytes.</summary>
internal readonly struct Float4(float x, float y, float z, float w)
{
    public readonly float X = x;
    public readonly float Y = y;
    public readonly float Z = z;
    public readonly float W = w;

    /// <summary>factor v + sum, element by element.</summary>
    public static Float4 MultiplyAdd(float factor, Float4 v, Float4 sum) => new(
        Exact.Fma(factor, v.X, sum.X), Exact.Fma(factor, v.Y, sum.Y), Exact.Fma(factor, v.Z, sum.Z), Exact.Fma(factor, v.W, sum.W));

    public static Float4 Add(Float4 a, Float4 b) => new(Exact.Add(a.X, b.X), Exact.Add(a.Y, b.Y), Exact.Add(a.Z, b.Z), Exact.Add(a.W, b.W));
}
