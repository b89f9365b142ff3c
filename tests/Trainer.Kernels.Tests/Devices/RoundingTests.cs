using Trainer.Kernels.Arithmetic;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>Rounding to fewer bits, against the definition: of the two neighbours the nearer one, found in double precision, which is exact here.</summary>
public class RoundingTests
{
    [Fact]
    public void Bfloat16_is_the_nearest_or_the_even_one() => Check(16, Bfloat16.Round, values => Bfloat16.Round(values), tiesAway: false);

    [Fact]
    public void Tf32_is_the_nearest_or_the_one_away_from_zero() => Check(13, Tf32.Round, values => Tf32.Round(values.ToArray(), values), tiesAway: true);

    [Theory]
    [InlineData(0x3F808000u, 0x3F800000u)] // a tie below an even one
    [InlineData(0x3F818000u, 0x3F820000u)] // a tie below an odd one
    [InlineData(0xBF808001u, 0xBF810000u)]
    [InlineData(0x7F7FFFFFu, 0x7F800000u)] // the largest float32 is beyond bfloat16
    [InlineData(0xFF800000u, 0xFF800000u)]
    [InlineData(0x7F800001u, 0x7FC00000u)] // a NaN in the lowest bit alone
    [InlineData(0xFFFFFFFFu, 0xFFFF0000u)]
    [InlineData(0x80000000u, 0x80000000u)]
    [InlineData(0x00008001u, 0x00010000u)] // subnormal
    public void Bfloat16_by_example(uint bits, uint expected) =>
        Assert.Equal(expected, BitConverter.SingleToUInt32Bits(Bfloat16.Round(BitConverter.UInt32BitsToSingle(bits))));

    [Theory]
    [InlineData(0x3F801000u, 0x3F802000u)] // ties
    [InlineData(0xBF803000u, 0xBF804000u)]
    [InlineData(0x3F800FFFu, 0x3F800000u)]
    [InlineData(0x7F7FFFFFu, 0x7F800000u)]
    [InlineData(0xFF800000u, 0xFF800000u)]
    [InlineData(0x80000FFFu, 0x80000000u)]
    [InlineData(0x00001000u, 0x00002000u)]
    public void Tf32_by_example(uint bits, uint expected) =>
        Assert.Equal(expected, BitConverter.SingleToUInt32Bits(Tf32.Round(BitConverter.UInt32BitsToSingle(bits))));

    [Theory]
    [InlineData(1f, true)]
    [InlineData(float.MaxValue, false)] // finite in float32, infinite in bfloat16
    [InlineData(float.NegativeInfinity, false)]
    [InlineData(float.NaN, false)]
    public void A_buffer_is_finite_as_it_is_after_rounding(float value, bool finite)
    {
        foreach (var place in new[] { 0, 17, 36 })
        {
            var values = new float[37];
            values[place] = value;
            Assert.Equal(finite, Bfloat16.Round(values));
        }
    }

    [Fact]
    public void Bfloat16_travels_in_two_bytes()
    {
        for (var count = 0; count < 70; count++)
        {
            var values = Enumerable.Range(0, count).Select(i => Bfloat16.Round(MathF.Sin(i) * MathF.Pow(10, i % 30))).ToArray();
            var (packed, back) = (new ushort[count + 1], new float[count]);
            Bfloat16.Pack(values, packed);
            Bfloat16.Unpack(packed, back);

            Assert.Equal(values, back);
            Assert.Equal([.. values.Select(value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16)), 0], packed);
        }
    }

    /// <summary>Every pattern of the bits that are kept, each with dropped bits around zero, the middle and the end.</summary>
    private static void Check(int dropped, Func<float, float> round, Action<float[]> roundAll, bool tiesAway)
    {
        var (unit, half) = (1u << dropped, 1u << (dropped - 1));
        uint[] tails = [0, 1, half - 1, half, half + 1, unit - 1];
        var values = new float[tails.Length << (32 - dropped)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = BitConverter.UInt32BitsToSingle(((uint)(i / tails.Length) << dropped) | tails[i % tails.Length]);
        }

        var rounded = (float[])values.Clone();
        roundAll(rounded);
        for (var i = 0; i < values.Length; i++)
        {
            var expected = float.IsNaN(values[i]) ? float.NaN : Nearest(values[i], unit, tiesAway);
            if (!Same(expected, rounded[i]) || !Same(rounded[i], round(values[i])))
            {
                Assert.Fail($"{values[i]:R} is rounded to {rounded[i]:R} and alone to {round(values[i]):R}, expected {expected:R}.");
            }
        }
    }

    private static float Nearest(float value, uint unit, bool tiesAway)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        if (!float.IsFinite(value))
        {
            return value;
        }

        var (inner, outer) = (bits & ~(unit - 1), (bits & ~(unit - 1)) + unit);
        var (below, above) = (Math.Abs(value - Widen(inner)), Math.Abs(Widen(outer) - value));
        var isInner = below < above || (below == above && !tiesAway && (inner & unit) == 0);
        return BitConverter.UInt32BitsToSingle(isInner ? inner : outer);
    }

    /// <summary>Infinity stands where the next number would be.</summary>
    private static double Widen(uint bits) => (bits << 1) == 0xFF000000 ? Math.ScaleB(bits >> 31 == 0 ? 1 : -1, 128) : BitConverter.UInt32BitsToSingle(bits);

    private static bool Same(float a, float b) =>
        (float.IsNaN(a) && float.IsNaN(b)) || BitConverter.SingleToInt32Bits(a) == BitConverter.SingleToInt32Bits(b);
}
