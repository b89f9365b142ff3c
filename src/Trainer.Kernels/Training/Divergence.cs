using System.Globalization;

namespace Trainer.Kernels.Training;

/// <summary>What people are told of a step that is not finite: where that began, what the learning rate was, and what others change then.</summary>
public static class Divergence
{
    /// <param name="what">What was found: <c>the loss is not finite</c>.</param>
    /// <param name="network">Has just been through the step, and has not applied it.</param>
    public static string Describe(string what, Network network)
    {
        var where = network.FirstNotFinite() is { } first ? $": {first} is the first value that is not" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{what}{where}. The learning rate was {network.LearningRate:G6}. Lower it, limit the gradient's norm (clip_grad_norm), or begin with a warm-up.");
    }
}
