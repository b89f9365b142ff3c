using System.Runtime.InteropServices;

namespace Trainer.Kernels.Training;

/// <summary>What a pass through a network found out about its samples, in local order, as everybody keeps and sends it: a row for each kind of value. Valid until the next pass.</summary>
/// <param name="values">The rows, one behind another.</param>
public readonly ref struct SampleResults(ReadOnlySpan<float> values)
{
    /// <summary>Values of a sample.</summary>
    public const int Rows = 6;

    private readonly ReadOnlySpan<float> _values = values;

    public int Count => _values.Length / Rows;

    /// <summary>Of each sample.</summary>
    public ReadOnlySpan<float> Loss => Row(0);

    /// <summary>What each sample counts in the mean of the losses (<see cref="Training.Loss.WeightOf"/>).</summary>
    public ReadOnlySpan<float> Weight => Row(1);

    /// <summary>1 where the largest output (the first among equals) is the label's, else 0.</summary>
    public ReadOnlySpan<float> Correct => Row(2);

    /// <summary>0 where the loss ignores the sample, else 1.</summary>
    public ReadOnlySpan<float> Counted => Row(3);

    /// <summary>The class of the largest output, the first among equals; of a pass that evaluates, else 0.</summary>
    public ReadOnlySpan<float> Predicted => Row(4);

    /// <summary>How many classes stand before the label's by their outputs: 0 where it is predicted; of a pass that evaluates, else 0.</summary>
    public ReadOnlySpan<float> Rank => Row(5);

    /// <summary>Copies some samples' values to those of others.</summary>
    /// <param name="target">Rows of more samples.</param>
    /// <param name="at">Where the first of them goes.</param>
    public void CopyTo(int first, int count, Span<float> target, int at)
    {
        for (var row = 0; row < Rows; row++)
        {
            Row(row).Slice(first, count).CopyTo(target[((row * (target.Length / Rows)) + at)..]);
        }
    }

    private ReadOnlySpan<float> Row(int row) => _values.Slice(row * Count, Count);
}

/// <summary>What a batch, an epoch or an evaluation came to: sums over its samples in double, which everybody who trains or measures makes in this way.</summary>
/// <param name="Loss">Of the samples' losses.</param>
/// <param name="Weight">What the samples count in the mean of the losses: their number, unless the loss weighs classes or ignores one.</param>
/// <param name="Correct">Samples whose largest output is the label's.</param>
/// <param name="Counted">Samples that the loss does not ignore.</param>
/// <param name="Samples">All of them.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PassSums(double Loss, double Weight, long Correct, long Counted, long Samples)
{
    /// <summary>Weighted by the samples' weights; NaN where no sample counts.</summary>
    public double MeanLoss => Loss / Weight;

    /// <summary>0..1, of the samples that count; NaN where none does.</summary>
    public double Accuracy => (double)Correct / Counted;

    /// <summary>Whether training may go on: a batch of which nothing counts has no mean, and is fine.</summary>
    public bool IsFinite => double.IsFinite(Weight == 0 ? Loss : MeanLoss);

    /// <summary>The sums of two batches, as those of an epoch are made.</summary>
    public static PassSums operator +(in PassSums a, in PassSums b) =>
        new(a.Loss + b.Loss, a.Weight + b.Weight, a.Correct + b.Correct, a.Counted + b.Counted, a.Samples + b.Samples);

    /// <summary>The sums with further samples, added one by one: a batch or a test set in parts has the sums of the whole.</summary>
    public PassSums With(SampleResults samples)
    {
        var (loss, weight, correct, counted) = (Loss, Weight, 0.0, 0.0);
        for (var i = 0; i < samples.Count; i++)
        {
            loss += samples.Loss[i];
            weight += samples.Weight[i];
            correct += samples.Correct[i];
            counted += samples.Counted[i];
        }

        return new PassSums(loss, weight, Correct + (long)correct, Counted + (long)counted, Samples + samples.Count);
    }
}
