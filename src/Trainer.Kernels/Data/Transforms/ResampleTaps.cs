namespace Trainer.Kernels.Data.Transforms;

/// <summary>
/// Which pixels of a line, with which weights, make a pixel of a line of another length: Pillow 9.4, Resample.c, precompute_coeffs and normalize_coeffs_8bpc. Where a line
/// becomes shorter the filter becomes wider, so that no pixel is left out.
/// </summary>
internal sealed class ResampleTaps
{
    /// <summary>Weights are whole numbers in units of 2^-22.</summary>
    public const int PrecisionBits = 32 - 8 - 2;

    public ResampleTaps(int from, int to, Interpolation interpolation)
    {
        var (filter, support) = interpolation == Interpolation.Bicubic ? ((Func<double, double>)Bicubic, 2.0) : (Triangle, 1.0);
        var scale = (double)from / to;
        var filterScale = Math.Max(scale, 1);
        support *= filterScale;
        Most = ((int)Math.Ceiling(support) * 2) + 1;
        (First, Count, Weights) = (new int[to], new int[to], new int[to * Most]);
        var weights = new double[Most];
        for (var i = 0; i < to; i++)
        {
            var center = (i + 0.5) * scale;
            First[i] = Math.Max(0, (int)(center - support + 0.5));
            Count[i] = Math.Min(from, (int)(center + support + 0.5)) - First[i];
            Fill(weights.AsSpan(0, Count[i]), tap => filter((tap + First[i] - center + 0.5) * (1 / filterScale)));
            for (var tap = 0; tap < Count[i]; tap++)
            {
                Weights[(i * Most) + tap] = Rounded(weights[tap]);
            }
        }
    }

    /// <summary>Weights of a pixel.</summary>
    public int Most { get; }

    /// <summary>The first pixel that counts, for each.</summary>
    public int[] First { get; }

    /// <summary>So many count.</summary>
    public int[] Count { get; }

    public int[] Weights { get; }

    private static void Fill(Span<double> weights, Func<int, double> weight)
    {
        var sum = 0.0;
        for (var tap = 0; tap < weights.Length; tap++)
        {
            sum += weights[tap] = weight(tap);
        }

        for (var tap = 0; tap < weights.Length && sum != 0; tap++)
        {
            weights[tap] /= sum;
        }
    }

    private static int Rounded(double weight) => (int)((weight < 0 ? -0.5 : 0.5) + (weight * (1 << PrecisionBits)));

    private static double Triangle(double x) => Math.Abs(x) < 1 ? 1 - Math.Abs(x) : 0;

    /// <summary>Keys's with a = -1/2.</summary>
    private static double Bicubic(double x)
    {
        const double a = -0.5;
        x = Math.Abs(x);
        return x < 1 ? ((((a + 2) * x) - (a + 3)) * x * x) + 1 : x < 2 ? (((((x - 5) * x) + 8) * x) - 4) * a : 0;
    }
}
