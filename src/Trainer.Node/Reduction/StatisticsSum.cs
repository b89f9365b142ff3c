using System.Runtime.InteropServices;
using Trainer.Kernels.Sharding;

namespace Trainer.Node.Reduction;

/// <summary>What a batch came to: sums over its samples.</summary>
/// <param name="Weight">What the samples count in the mean of the losses: their number, unless the loss weighs classes or ignores one.</param>
public readonly record struct BatchStatistics(double Loss, double Weight, long Correct)
{
    /// <summary>Length on the wire, in float32 words: three float64.</summary>
    public const int Words = 6;

    public double MeanLoss => Loss / Weight;

    public static BatchStatistics Read(ReadOnlySpan<float> words)
    {
        var values = MemoryMarshal.Cast<float, double>(words);
        return new BatchStatistics(values[0], values[1], (long)values[2]);
    }

    public void Write(Span<float> words)
    {
        var values = MemoryMarshal.Cast<float, double>(words);
        (values[0], values[1], values[2]) = (Loss, Weight, Correct);
    }
}

/// <summary>Loss, weight and correctness of every sample of a batch, by position: gathered from all members, summed in double.</summary>
/// <remarks>A member's part holds the losses of its local samples, then their weights, then 1 or 0 for each: 3 n float32.</remarks>
internal sealed class StatisticsSum(int mostSamples)
{
    /// <summary>Values of a sample.</summary>
    public const int Values = 3;

    private readonly float[] _loss = new float[mostSamples];
    private readonly float[] _weight = new float[mostSamples];
    private readonly float[] _correct = new float[mostSamples];
    private int _missing;

    public bool IsComplete => _missing == 0;

    public void Begin(int members) => _missing = members;

    /// <returns>False: the part has another length than the member's samples need.</returns>
    public bool Add(BatchSlice? slice, ReadOnlySpan<float> part)
    {
        var count = slice?.LocalSamples ?? 0;
        if (part.Length != Values * count)
        {
            return false;
        }

        var local = 0;
        for (var i = 0; i < (slice?.Roots.Count ?? 0); i++)
        {
            var root = slice!.Roots[i];
            var (first, samples) = (slice.FirstPosition(root.Lo), slice.RootSamples(root));
            part.Slice(local, samples).CopyTo(_loss.AsSpan(first));
            part.Slice(count + local, samples).CopyTo(_weight.AsSpan(first));
            part.Slice((2 * count) + local, samples).CopyTo(_correct.AsSpan(first));
            local += samples;
        }

        _missing--;
        return true;
    }

    public BatchStatistics Sum(int samples)
    {
        var (loss, weight, correct) = (0.0, 0.0, 0.0);
        for (var position = 0; position < samples; position++)
        {
            loss += _loss[position];
            weight += _weight[position];
            correct += _correct[position];
        }

        return new BatchStatistics(loss, weight, (long)correct);
    }
}
