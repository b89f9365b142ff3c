using System.Runtime.Intrinsics;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>Our exp, sigmoid, tanh, gelu, silu and log against double precision over all magnitudes, and against themselves on every instruction set.</summary>
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
    public void Tanh_is_near_and_the_same_everywhere() => CheckAll(
        Sweep(), Math.Tanh, 1.5, TanhBy<Avx512Simd, Vector512<float>>, TanhBy<Avx2Simd, Vector256<float>>, TanhBy<PortableSimd, Vector128<float>>);

    /// <summary>Down to where Phi is subnormal.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public void Gelu_is_near_far_below_zero_too_and_the_same_everywhere() => CheckAll(
        [.. Finite().Where(x => x > -12.9)],
        x => x * NormalBelow(x),
        5,
        GeluBy<Avx512Simd, Vector512<float>>,
        GeluBy<Avx2Simd, Vector256<float>>,
        GeluBy<PortableSimd, Vector128<float>>);

    /// <summary>Far below zero the value is e^2u, in which the rounding of 2 u shows: some |2 u| ulp.</summary>
    [Fact]
    public void Gelu_by_tanh_is_near_and_the_same_everywhere() => CheckAll(
        [.. Finite().Where(x => x > -3)],
        x => x / (1 + Math.Exp(-2 * Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))),
        16,
        GeluTanhBy<Avx512Simd, Vector512<float>>,
        GeluTanhBy<Avx2Simd, Vector256<float>>,
        GeluTanhBy<PortableSimd, Vector128<float>>);

    /// <summary>Down to where the sigmoid is subnormal.</summary>
    [Fact]
    public void Silu_is_near_and_the_same_everywhere() => CheckAll(
        [.. Finite().Where(x => x > -87)],
        x => x >= 0 ? x / (1 + Math.Exp(-x)) : x * Math.Exp(x) / (1 + Math.Exp(x)),
        3,
        SiluBy<Avx512Simd, Vector512<float>>,
        SiluBy<Avx2Simd, Vector256<float>>,
        SiluBy<PortableSimd, Vector128<float>>);

    [Fact]
    public void Exp_minus_one_is_near_and_the_same_everywhere() => CheckAll(
        [.. Finite().Where(x => x <= 0)],
        x => Math.Abs(x) < 1e-5 ? x + (x * x / 2) : Math.Exp(x) - 1,
        2,
        ExpMinusOneBy<Avx512Simd, Vector512<float>>,
        ExpMinusOneBy<Avx2Simd, Vector256<float>>,
        ExpMinusOneBy<PortableSimd, Vector128<float>>);

    [Fact]
    public void Log_of_one_plus_is_near_and_the_same_everywhere() => CheckAll(
        [.. Finite().Where(x => x is >= 0 and <= 1)],
        x => Math.Abs(x) < 1e-5 ? x - (x * x / 2) : Math.Log(1 + x),
        2,
        LogOfOnePlusBy<Avx512Simd, Vector512<float>>,
        LogOfOnePlusBy<Avx2Simd, Vector256<float>>,
        LogOfOnePlusBy<PortableSimd, Vector128<float>>);

    [Fact]
    public void Log_lane_by_lane_has_the_bits_of_log_of_one_value()
    {
        var x = Sweep().Where(value => !float.IsNegative(value)).Append(float.NaN).Append(1e-45f).Append(1.1754944e-38f).ToArray();
        var expected = Array.ConvertAll(x, ScalarMath<HostMath>.Log);
        DeviceVariants.MustEqual("portable", expected, Map<PortableSimd, Vector128<float>>(x, VectorMath<PortableSimd, Vector128<float>>.Log));
        if (InstructionSets.IsSupported(InstructionSet.Avx2))
        {
            DeviceVariants.MustEqual("AVX2", expected, Map<Avx2Simd, Vector256<float>>(x, VectorMath<Avx2Simd, Vector256<float>>.Log));
        }

        if (InstructionSets.IsSupported(InstructionSet.Avx512))
        {
            DeviceVariants.MustEqual("AVX-512", expected, Map<Avx512Simd, Vector512<float>>(x, VectorMath<Avx512Simd, Vector512<float>>.Log));
        }
    }

    /// <summary>log x is up to 89, so that its ulp times 0.75 and half an ulp of the exponent come to 9.5e-6 of the result: 160 ulp of it, where a float32 is coarsest as a part of itself 80.</summary>
    [Fact]
    public void Powers_are_near_and_the_same_everywhere() => CheckAll(
        [.. Finite().Where(x => x is > 1e-37f)],
        x => Math.Pow(x, -0.75),
        161,
        x => Map<Avx512Simd, Vector512<float>>(x, v => VectorMath<Avx512Simd, Vector512<float>>.NegativePower(v, Vector512.Create(0.75f))),
        x => Map<Avx2Simd, Vector256<float>>(x, v => VectorMath<Avx2Simd, Vector256<float>>.NegativePower(v, Vector256.Create(0.75f))),
        x => Map<PortableSimd, Vector128<float>>(x, v => VectorMath<PortableSimd, Vector128<float>>.NegativePower(v, Vector128.Create(0.75f))));

    /// <summary>Central differences of the exact functions, good to 1e-9; derivatives lie between -0.2 and 1.2 and cross zero.</summary>
    [Theory]
    [InlineData(ActivationKind.Gelu)]
    [InlineData(ActivationKind.GeluTanh)]
    [InlineData(ActivationKind.Silu)]
    public void Derivatives_are_near_and_the_same_everywhere(ActivationKind kind)
    {
        var x = Finite();
        var values = DerivativeBy<PortableSimd, Vector128<float>>(kind, x);
        for (var i = 0; i < x.Length; i++)
        {
            var exact = (Exact(kind, x[i] + 1e-4) - Exact(kind, x[i] - 1e-4)) / 2e-4;
            exact = Math.Abs(x[i]) > 1e4 ? (x[i] > 0 ? 1 : 0) : exact;
            Assert.True(Math.Abs(values[i] - exact) < 5e-7, $"{kind}' at {x[i]:R} is {values[i]:R}, nearly {exact:R}.");
        }

        if (InstructionSets.IsSupported(InstructionSet.Avx2))
        {
            DeviceVariants.MustEqual("AVX2", values, DerivativeBy<Avx2Simd, Vector256<float>>(kind, x));
        }

        if (InstructionSets.IsSupported(InstructionSet.Avx512))
        {
            DeviceVariants.MustEqual("AVX-512", values, DerivativeBy<Avx512Simd, Vector512<float>>(kind, x));
        }
    }

    [Fact]
    public void Log_is_within_1_ulp()
    {
        foreach (var x in Sweep().Where(value => value > 0))
        {
            MustBeNear("log", x, Math.Log(x), ScalarMath<HostMath>.Log(x), 1.0);
        }
    }

    [Fact]
    public void Values_at_the_edges_are_exact()
    {
        Assert.Equal([1f, 1f, 0f, 0f], ExpBy<PortableSimd, Vector128<float>>([0f, -0f, float.NegativeInfinity, -1e30f]));
        Assert.Equal([0.5f, 0.5f, 0f, 1f], SigmoidBy<PortableSimd, Vector128<float>>([0f, -0f, float.NegativeInfinity, float.PositiveInfinity]));
        Assert.All(SigmoidBy<PortableSimd, Vector128<float>>([float.NaN, float.NaN, float.NaN, float.NaN]), value => Assert.True(float.IsNaN(value)));
        Assert.Equal([0f, -0f, 1f, -1f], TanhBy<PortableSimd, Vector128<float>>([0f, -0f, float.PositiveInfinity, float.NegativeInfinity]));
        Assert.Equal([0f, -0f, 1e30f, float.PositiveInfinity], GeluBy<PortableSimd, Vector128<float>>([0f, -0f, 1e30f, float.PositiveInfinity]));
        Assert.All(TanhBy<PortableSimd, Vector128<float>>([float.NaN, float.NaN, float.NaN, float.NaN]), value => Assert.True(float.IsNaN(value)));
        Assert.All(GeluBy<PortableSimd, Vector128<float>>([float.NaN, float.NaN, float.NaN, float.NaN]), value => Assert.True(float.IsNaN(value)));
        Assert.Equal(0, ScalarMath<HostMath>.Log(1));
        Assert.Equal(float.NegativeInfinity, ScalarMath<HostMath>.Log(0));
        Assert.Equal(float.PositiveInfinity, ScalarMath<HostMath>.Log(float.PositiveInfinity));
        Assert.True(float.IsNaN(ScalarMath<HostMath>.Log(-1)));
        Assert.True(float.IsNaN(ScalarMath<HostMath>.Log(float.NaN)));
    }

    private static float[] Finite() => [.. Sweep().Where(float.IsFinite)];

    private static double Exact(ActivationKind kind, double x) => kind switch
    {
        ActivationKind.Gelu => x * NormalBelow(x),
        ActivationKind.GeluTanh => x / (1 + Math.Exp(-2 * Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))),
        _ => x / (1 + Math.Exp(-x)),
    };

    /// <summary>
    /// The normal distribution below x: 1/2 + phi(x) (x + x^3 / 3 + x^5 / (3 5) + ...) in the middle, in the tails the continued fraction
    /// phi(t) / (t + 1 / (t + 2 / (t + 3 / ...))).
    /// </summary>
    private static double NormalBelow(double x)
    {
        var (t, bell) = (Math.Abs(x), Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI));
        if (t < 3)
        {
            var (sum, term) = (x, x);
            for (var k = 3; k < 160; k += 2)
            {
                term *= x * x / k;
                sum += term;
            }

            return 0.5 + (bell * sum);
        }

        var fraction = t;
        for (var k = 120; k > 0; k--)
        {
            fraction = t + (k / fraction);
        }

        return x < 0 ? bell / fraction : 1 - (bell / fraction);
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
            DeviceVariants.MustEqual("AVX2", values, avx2(x));
        }

        if (InstructionSets.IsSupported(InstructionSet.Avx512))
        {
            DeviceVariants.MustEqual("AVX-512", values, avx512(x));
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

    private static float[] TanhBy<TSimd, TVector>(float[] x)
        where TSimd : ISimd<TVector>
        where TVector : struct => Map<TSimd, TVector>(x, VectorMath<TSimd, TVector>.Tanh);

    private static float[] GeluBy<TSimd, TVector>(float[] x)
        where TSimd : ISimd<TVector>
        where TVector : struct => Map<TSimd, TVector>(x, VectorMath<TSimd, TVector>.Gelu);

    private static float[] GeluTanhBy<TSimd, TVector>(float[] x)
        where TSimd : ISimd<TVector>
        where TVector : struct => Map<TSimd, TVector>(x, VectorMath<TSimd, TVector>.GeluTanh);

    private static float[] SiluBy<TSimd, TVector>(float[] x)
        where TSimd : ISimd<TVector>
        where TVector : struct => Map<TSimd, TVector>(x, VectorMath<TSimd, TVector>.Silu);

    private static float[] ExpMinusOneBy<TSimd, TVector>(float[] x)
        where TSimd : ISimd<TVector>
        where TVector : struct => Map<TSimd, TVector>(x, VectorMath<TSimd, TVector>.ExpMinusOneOfNonPositive);

    private static float[] LogOfOnePlusBy<TSimd, TVector>(float[] x)
        where TSimd : ISimd<TVector>
        where TVector : struct => Map<TSimd, TVector>(x, VectorMath<TSimd, TVector>.LogOfOnePlus);

    private static float[] DerivativeBy<TSimd, TVector>(ActivationKind kind, float[] x)
        where TSimd : ISimd<TVector>
        where TVector : struct => Map<TSimd, TVector>(x, v => LaneActivation<TSimd, TVector>.MultiplyDerivativeOfInput(new(kind), v, TSimd.Broadcast(1)));

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
