namespace Trainer.Kernels.Training;

/// <summary>Functions of double precision that every machine computes alike: Math's own come from its C library.</summary>
internal static class ExactMath
{
    private const double Ln2 = 0.69314718055994530942;

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

    /// <summary>The natural logarithm of a positive, normal number, within 1e-15 of its size: the exponent's part, and twice the series of artanh((m - 1) / (m + 1)) for the mantissa m.</summary>
    public static double Log(double x)
    {
        var exponent = Math.ILogB(x);
        var mantissa = Math.ScaleB(x, -exponent);
        if (mantissa > 1.4)
        {
            (mantissa, exponent) = (mantissa / 2, exponent + 1);
        }

        var s = (mantissa - 1) / (mantissa + 1);
        var (power, sum) = (s, s);
        for (var k = 3; k <= 23; k += 2)
        {
            power *= s * s;
            sum += power / k;
        }

        return (exponent * Ln2) + (2 * sum);
    }

    /// <summary>e^x for |x| below 700, within 1e-15 of its size: Taylor's series of what the nearest power of two leaves.</summary>
    public static double Exp(double x)
    {
        var doublings = Math.Round(x / Ln2);
        var rest = x - (doublings * Ln2);
        var (term, sum) = (1.0, 1.0);
        for (var k = 1; k <= 16; k++)
        {
            term *= rest / k;
            sum += term;
        }

        return Math.ScaleB(sum, (int)doublings);
    }

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
