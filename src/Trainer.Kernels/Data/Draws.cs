using System.Runtime.InteropServices;
using Trainer.Kernels.Randomness;

namespace Trainer.Kernels.Data;

/// <summary>The numbers that one transform draws for one sample in one epoch: a function of these and of the seed, on every machine, whoever reads the sample and when.</summary>
[StructLayout(LayoutKind.Auto)]
public struct Draws(ulong seed, int epoch, int sample, int transform)
{
    /// <summary>Epochs have the bits below: a job has at most a million.</summary>
    private const int TransformShift = 20;

    /// <summary>Transforms of one list.</summary>
    internal const int MostTransforms = 1 << (32 - TransformShift);

    private PhiloxBlock _block;
    private uint _drawn;

    public uint Next()
    {
        if (_drawn % 4 == 0)
        {
            _block = Philox.Block(seed, _drawn / 4, (uint)sample, (uint)epoch | ((uint)transform << TransformShift), (uint)RandomPurpose.Transform);
        }

        return _block[(int)(_drawn++ % 4)];
    }

    /// <summary>At least <paramref name="from"/>, and less than <paramref name="to"/> unless they are equal.</summary>
    public double Uniform(double from, double to) => from + ((to - from) * (Next() / 4294967296.0));

    /// <summary>True with this probability.</summary>
    public bool Happens(double probability) => Uniform(0, 1) < probability;

    /// <summary>An unbiased number from 0 on, below <paramref name="end"/>; see <see cref="PhiloxSequence.Below"/>.</summary>
    public int Below(int end)
    {
        var product = (ulong)Next() * (uint)end;
        var threshold = (uint)-end % (uint)end;
        while ((uint)product < threshold)
        {
            product = (ulong)Next() * (uint)end;
        }

        return (int)(product >> 32);
    }
}
