using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Data;

/// <summary>
/// How often samples of each class are drawn for an epoch, with replacement, as torch.utils.data.WeightedRandomSampler draws them: a sample's probability is its class's weight over the
/// sum of all samples' weights. An epoch has as many samples as the set.
/// </summary>
public abstract record ClassSampling
{
    /// <summary>Of the samples of a class, for each that occurs.</summary>
    /// <param name="samples">That the class has.</param>
    /// <exception cref="ArgumentException">It has no weight.</exception>
    internal abstract double WeightOf(int label, int samples);
}

/// <summary>Every class that occurs is drawn as often as every other: a sample weighs 1 / (samples of its class).</summary>
[Kind("balanced")]
public sealed record BalancedSampling : ClassSampling
{
    internal override double WeightOf(int label, int samples) => 1.0 / samples;
}

/// <summary>A sample weighs what its class does.</summary>
/// <param name="ClassWeights">By label.</param>
[Kind("weighted")]
public sealed record WeightedSampling(IReadOnlyList<double> ClassWeights) : ClassSampling
{
    internal override double WeightOf(int label, int samples) => label >= 0 && label < ClassWeights.Count
        ? ClassWeights[label]
        : throw new ArgumentException($"has {ClassWeights.Count} weights, and samples have the label {label}; expected one weight for each class from 0 on");
}
