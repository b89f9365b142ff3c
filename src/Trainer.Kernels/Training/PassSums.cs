using System.Runtime.InteropServices;

namespace Trainer.Kernels.Training;

/// <summary>What a pass through a network found out about its samples, in local order. Valid until the next pass.</summary>
/// <param name="loss">Of each sample.</param>
/// <param name="weight">What each sample counts in the mean of the losses (<see cref="Training.Loss.WeightOf"/>).</param>
/// <param name="correct">1 where the largest output (the first among equals) is the label's, else 0.</param>
public readonly ref struct SampleResults(ReadOnlySpan<float> loss, ReadOnlySpan<float> weight, ReadOnlySpan<float> correct)
{
    public int Count => Loss.Length;

    public ReadOnlySpan<float> Loss { get; } = loss;

    public ReadOnlySpan<float> Weight { get; } = weight;

    public ReadOnlySpan<float> Correct { get; } = correct;
}

/// <summary>What a batch, an epoch or an evaluation came to: sums over its samples in double, which everybody who trains or measures makes in this way.</summary>
/// <param name="Loss">Of the samples' losses.</param>
/// <param name="Weight">What the samples count in the mean of the losses: their number, unless the loss weighs classes or ignores one.</param>
/// <param name="Correct">Samples whose largest output is the label's.</param>
/// <param name="Samples">All of them.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PassSums(double Loss, double Weight, long Correct, long Samples)
{
    /// <summary>Weighted by the samples' weights.</summary>
    public double MeanLoss => Loss / Weight;

    /// <summary>0..1</summary>
    public double Accuracy => (double)Correct / Samples;

    /// <summary>The sums of two batches, as those of an epoch are made.</summary>
    public static PassSums operator +(in PassSums a, in PassSums b) => new(a.Loss + b.Loss, a.Weight + b.Weight, a.Correct + b.Correct, a.Samples + b.Samples);

    /// <summary>The sums with further samples, added one by one: a batch or a test set in parts has the sums of the whole.</summary>
    public PassSums With(SampleResults samples)
    {
        var (loss, weight, correct) = (Loss, Weight, 0.0);
        for (var i = 0; i < samples.Count; i++)
        {
            loss += samples.Loss[i];
            weight += samples.Weight[i];
            correct += samples.Correct[i];
        }

        return new PassSums(loss, weight, Correct + (long)correct, Samples + samples.Count);
    }
}
