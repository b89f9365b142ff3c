using Trainer.Kernels.Randomness;

namespace Trainer.Kernels.Data;

/// <summary>Draws the samples of epochs: for each place a class, by what all of its samples weigh, then one of them. A function of the samples' labels, the seed and the epoch.</summary>
internal sealed class ClassSampler
{
    private const double TwoTo53 = 9007199254740992;

    private readonly int[][] _samples;
    private readonly double[] _ends;

    /// <param name="labels">Of all samples.</param>
    /// <exception cref="ArgumentException">A class has no weight, or none has one above 0.</exception>
    public ClassSampler(ClassSampling sampling, IEnumerable<int> labels)
    {
        var classes = labels.Select((label, sample) => (label, sample)).GroupBy(pair => pair.label, pair => pair.sample).OrderBy(group => group.Key)
            .Select(group => (Label: group.Key, Samples: group.ToArray())).ToList();
        _samples = [.. classes.Select(each => each.Samples)];
        _ends = new double[classes.Count];
        var end = 0.0;
        for (var i = 0; i < _ends.Length; i++)
        {
            end += sampling.WeightOf(classes[i].Label, classes[i].Samples.Length) * classes[i].Samples.Length;
            _ends[i] = end;
        }

        if (end <= 0)
        {
            throw new ArgumentException("gives all classes that occur a weight of 0; expected one above 0");
        }
    }

    /// <param name="epoch">From 1.</param>
    public void Fill(Span<int> order, ulong seed, int epoch)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(epoch, 1);
        var words = new PhiloxSequence(seed, (uint)epoch, RandomPurpose.Sampling);
        for (var i = 0; i < order.Length; i++)
        {
            var at = (((ulong)(words.Next() >> 5) << 26) | (words.Next() >> 6)) / TwoTo53 * _ends[^1];
            var samples = _samples[ClassAt(at)];
            order[i] = samples[words.Below((uint)samples.Length)];
        }
    }

    /// <summary>The first class that ends behind a place; those of weight 0 end where the one before them does.</summary>
    private int ClassAt(double at)
    {
        var (low, high) = (0, _ends.Length - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _ends[middle] > at ? (low, middle) : (middle + 1, high);
        }

        return low;
    }
}
