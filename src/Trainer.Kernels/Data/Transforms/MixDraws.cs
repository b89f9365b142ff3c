using System.Runtime.InteropServices;
using Trainer.Kernels.Randomness;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Data.Transforms;

/// <summary>The numbers that mixing draws for one step: a function of seed and step, on every machine.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct MixDraws
{
    private const double TwoTo53 = 9007199254740992;

    /// <summary>Where one of several mixes is drawn: those themselves have the even streams of steps.</summary>
    private const uint Choice = 1;

    private PhiloxSequence _words;

    public MixDraws(ulong seed, ulong step)
        : this(seed, step, 0)
    {
    }

    private MixDraws(ulong seed, ulong step, uint stream) => _words = new PhiloxSequence(seed, checked((uint)((2 * step) + stream)), RandomPurpose.Mixing);

    public static int Choose(ulong seed, ulong step, int count) => new MixDraws(seed, step, Choice).Below(count);

    public int Below(int end) => (int)_words.Below((uint)end);

    /// <summary>
    /// Of Beta(alpha, alpha): G / (G + H) with G and H of Gamma(alpha), whose logarithms are drawn, so that neither vanishes however small alpha is.
    /// </summary>
    public double Beta(double alpha)
    {
        var difference = LogGamma(alpha) - LogGamma(alpha);
        return difference switch
        {
            > 600 => 1,
            < -600 => 0,
            _ => 1 / (1 + ExactMath.Exp(-difference)),
        };
    }

    /// <summary>
    /// The logarithm of a number of Gamma(shape): Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000); below a shape of 1 by Gamma(shape + 1) U^(1 / shape).
    /// </summary>
    private double LogGamma(double shape)
    {
        var boost = shape < 1 ? ExactMath.Log(Uniform()) / shape : 0;
        var d = (shape < 1 ? shape + 1 : shape) - (1.0 / 3);
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var x = Normal();
            var t = 1 + (c * x);
            if (t > 0)
            {
                var v = t * t * t;
                if (ExactMath.Log(Uniform()) < (0.5 * x * x) + (d * (1 - v + ExactMath.Log(v))))
                {
                    return ExactMath.Log(d * v) + boost;
                }
            }
        }
    }

    /// <summary>By the polar method of Marsaglia and Bray; the second of its numbers is not used.</summary>
    private double Normal()
    {
        while (true)
        {
            var (u, v) = ((2 * Uniform()) - 1, (2 * Uniform()) - 1);
            var s = (u * u) + (v * v);
            if (s is > 0 and < 1)
            {
                return u * Math.Sqrt(-2 * ExactMath.Log(s) / s);
            }
        }
    }

    /// <summary>In (0, 1), of 53 bits.</summary>
    private double Uniform() => ((((ulong)(_words.Next() >> 5) << 26) | (_words.Next() >> 6)) + 0.5) / TwoTo53;
}
