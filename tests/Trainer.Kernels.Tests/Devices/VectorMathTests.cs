using System.Runtime.Intrinsics;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>Our exp, sigmoid and log against double precision over all magnitudes, and against themselves on every instruction set.</summary>
public unsafe class VectorMathTests
{
    /// <summary>Every 4,099th float32 from 0 to infinity (prime, so that all low bits occur), with both signs.</summary>
    private static float[] Sweep()
    {
        var values = new List<float>();
        for (var bits = 0; bits <= 0x7F800000; bits += 4099)
        {
            values.Add(BitConverter.Int32BitsToSingle(bits));
            values.Add(-values[^1]);
        }

        for (var x = -110f; x < 110; x += 0.00037f)
        {
            values.Add(x);
        }

        return [.. values, float.PositiveInfinity, float.NegativeInfinity, float.Epsilon, float.MaxValue, 88.72284f, -103.97208f, -103.97207f];
    }

    [Fact]
    public void Exp_is_within_1_ulp_and_the_same_everywhere()
    {
        var x = Sweep().Where(value => value <= 0).ToArray();
        CheckAll(x, Math.Exp, 1.0, ExpBy<Avx512Simd, Vector512<float>>, ExpBy<Avx2Simd, Vector256<float>>, ExpBy<PortableSimd, Vector128<float>>);
    }

    [Fact]
    public void Sigmoid_is_near_and_the_same_everywhere() => CheckAll(
        Sweep(),
        value => value >= 0 ? 1 / (1 + Math.Exp(-value)) : Math.Exp(value) / (1 + Math.Exp(value)),
        2.25,
        SigmoidBy<Avx512Simd, Vector512<float>>,
        SigmoidBy<Avx2Simd, Vector256<float>>,
        SigmoidBy<PortableSimd, Vector128<float>>);

    [Fact]
    public void Log_is_within_1_ulp()
    {
        foreach (var x in Sweep().Where(value => value > 0))
        {
            MustBeNear("log", x, Math.Log(x), ScalarMath.Log(x), 1.0);
        }
    }

    [Fact]
    public void Values_at_the_edges_are_exact()
    {
        Assert.Equal([1f, 1f, 0f, 0f], ExpBy<PortableSimd, Vector128<float>>([0f, -0f, float.NegativeInfinity, -1e30f]));
        Assert.Equal([0.5f, 0.5f, 0f, 1f], SigmoidBy<PortableSimd, Vector128<float>>([0f, -0f, float.NegativeInfinity, float.PositiveInfinity]));
        Assert.All(SigmoidBy<PortableSimd, Vector128<float>>([float.NaN, float.NaN, float.NaN, float.NaN]), value => Assert.True(float.IsNaN(value)));
        Assert.Equal(0, ScalarMath.Log(1));
        Assert.Equal(float.NegativeInfinity, ScalarMath.Log(0));
        Assert.Equal(float.PositiveInfinity, ScalarMath.Log(float.PositiveInfinity));
        Assert.True(float.IsNaN(ScalarMath.Log(-1)));
        Assert.True(float.IsNaN(ScalarMath.Log(float.NaN)));
    }

    private static void CheckAll(
        float[] x,
        Func<double, double> exact,
        double ulps,
        Func<float[], float[]> avx512,
        Func<float[], float[]> avx2,
        Func<float[], float[]> portable)
    {
        var values = portable(x);
        for (var i = 0; i < x.Length; i++)
        {
            MustBeNear("value", x[i], exact(x[i]), values[i], ulps);
        }

        if (InstructionSets.IsSupported(InstructionSet.Avx2))
        {
            CpuVariants.MustEqual("AVX2", values, avx2(x));
        }

        if (InstructionSets.IsSupported(InstructionSet.Avx512))
        {
            CpuVariants.MustEqual("AVX-512", values, avx512(x));
        }
    }

    private static void MustBeNear(string what, float x, double exact, float actual, double ulps)
    {
        var near = Math.Abs((float)exact);
        var ulp = near >= float.MaxValue ? 1 : (double)MathF.BitIncrement(near) - near;
        if (!(exact == actual || Math.Abs(actual - exact) <= ulps * ulp))
        {
            Assert.Fail($"{what} at {x:R} is {actual:R}, exactly {exact:R}: {Math.Abs(actual - exact) / ulp:F2} ulp.");
        }
    }

    private static float[] ExpBy<TSimd, TVector>(float[] x)
        where TSimd : ISimd<TVector>
        where TVector : struct => Map<TSimd, TVector>(x, VectorMath<TSimd, TVector>.ExpOfNonPositive);

    private static float[] SigmoidBy<TSimd, TVector>(float[] x)
        where TSimd : ISimd<TVector>
        where TVector : struct => Map<TSimd, TVector>(x, VectorMath<TSimd, TVector>.Sigmoid);

    private static float[] Map<TSimd, TVector>(float[] x, Func<TVector, TVector> function)
        where TSimd : ISimd<TVector>
        where TVector : struct
    {
        var y = new float[x.Length];
        fixed (float* source = x)
        fixed (float* target = y)
        {
            for (var i = 0; i < x.Length; i += TSimd.Lanes)
            {
                var count = Math.Min(TSimd.Lanes, x.Length - i);
                TSimd.StoreFirst(target + i, function(TSimd.LoadFirst(source + i, count)), count);
            }
        }

        return y;
    }
}
