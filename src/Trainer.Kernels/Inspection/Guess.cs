using Trainer.Kernels.Models;

namespace Trainer.Kernels.Inspection;

/// <summary>A class that a model may see in an image, and how sure it is, 0..1.</summary>
public readonly record struct Guess(int Class, double Probability)
{
    /// <summary>The likeliest classes of an image that has one, the first one first; of equal ones the lower.</summary>
    /// <param name="outputs">Of the model's last layer: logits, or probabilities where that is a softmax.</param>
    public static IReadOnlyList<Guess> Best(ReadOnlySpan<float> outputs, int count, bool areProbabilities)
    {
        var values = outputs.ToArray();
        List<int> best = [.. Enumerable.Range(0, values.Length).OrderByDescending(i => values[i]).Take(count)];
        var sum = values.Sum(output => Math.Exp(output - values[best[0]]));
        return [.. best.Select(i => new Guess(i, areProbabilities ? values[i] : Math.Exp(values[i] - values[best[0]]) / sum))];
    }

    /// <summary>The likeliest classes of an image that may have any number of them: each has a probability of its own.</summary>
    /// <param name="logits">Of the model's last layer.</param>
    public static IReadOnlyList<Guess> Each(ReadOnlySpan<float> logits, int count)
    {
        var values = logits.ToArray();
        return [.. Enumerable.Range(0, values.Length).OrderByDescending(i => values[i]).Take(count).Select(i => new Guess(i, 1 / (1 + Math.Exp(-values[i]))))];
    }

    /// <summary>Whether what a model gives are probabilities already.</summary>
    public static bool AreProbabilities(Model model) => model.Graph.Layers.LastOrDefault()?.Layer.Kind == "softmax";
}
