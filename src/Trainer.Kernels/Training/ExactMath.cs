namespace Trainer.Kernels.Training;

/// <summary>Functions of double precision that every machine computes alike: Math's own come from its C library.</summary>
internal static class ExactMath
{
    /// <summary>value^exponent by repeated squaring, exponent of 0 and more.</summary>
    public static double Power(double value, long exponent)
    {
        var power = 1.0;
        for (var square = value; exponent > 0; exponent >>= 1, square *= square)
        {
            power *= (exponent & 1) == 0 ? 1 : square;
        }

        return power;
    }

    /// <summary>cos(pi x) for 0 &lt;= x &lt;= 1, within 1e-15: Taylor's series of the sine or cosine of at most pi / 4.</summary>
    public static double CosPi(double x) => x switch
    {
        <= 0.25 => Cosine(Math.PI * x),
        <= 0.75 => Sine(Math.PI * (0.5 - x)),
        _ => -Cosine(Math.PI * (1 - x)),
    };

    private static double Cosine(double t)
    {
        var (term, sum) = (1.0, 1.0);
        for (var k = 2; k <= 18; k += 2)
        {
            term *= -t * t / (k * (k - 1));
            sum += term;
        }

        return sum;
    }

    private static double Sine(double t)
    {
        var (term, sum) = (t, t);
        for (var k = 3; k <= 19; k += 2)
        {
            term *= -t * t / (k * (k - 1));
            sum += term;
        }

        return sum;
    }
}
