using ILGPU;
using ILGPU.IR.Intrinsics;

namespace Trainer.Kernels.Gpu.Arithmetic;

/// <summary>
/// Float32 arithmetic of kernels, and what some sums need in float64: every operation is rounded once, to nearest, ties to even. Kernels use nothing else, so that no driver contracts a product
/// and a sum, approximates a quotient or flushes a subnormal number. How each becomes an instruction is in <see cref="ExactIntrinsics"/>; the bodies here
/// are what they mean.
/// </summary>
internal static class Exact
{
    /// <summary>a + b</summary>
    [IntrinsicImplementation]
    public static float Add(float a, float b) => a + b;

    /// <summary>a - b</summary>
    [IntrinsicImplementation]
    public static float Subtract(float a, float b) => a - b;

    /// <summary>a b</summary>
    [IntrinsicImplementation]
    public static float Multiply(float a, float b) => a * b;

    /// <summary>a b + c, rounded once.</summary>
    [IntrinsicImplementation]
    public static float Fma(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);

    /// <summary>a / b</summary>
    [IntrinsicImplementation]
    public static float Divide(float a, float b) => a / b;

    [IntrinsicImplementation]
    public static float Sqrt(float a) => MathF.Sqrt(a);

    /// <summary>a + b in float64.</summary>
    [IntrinsicImplementation]
    public static double AddWide(double a, double b) => a + b;

    /// <summary>a b + c in float64, rounded once.</summary>
    [IntrinsicImplementation]
    public static double FmaWide(double a, double b, double c) => Math.FusedMultiplyAdd(a, b, c);

    /// <summary>Waits for all threads of the group; what they wrote to shared and global memory is then seen by each of them.</summary>
    /// <remarks>ILGPU's own barrier fences global memory only on OpenCL, which is wrong for tiles in shared memory.</remarks>
    [IntrinsicImplementation]
    public static void Barrier() => Group.Barrier();
}
