namespace Trainer.Kernels.Training;

/// <summary>Where a label stands among a model's outputs.</summary>
internal static class LabelRank
{
    /// <param name="outputs">(samples, classes)</param>
    /// <param name="predicted">Of each sample the class of the largest output, the first among equals.</param>
    /// <param name="rank">How many outputs are larger than the label's, or as large and before it; of a label that is no class, all. What is no number is larger than anything.</param>
    public static void Fill(ReadOnlySpan<float> outputs, ReadOnlySpan<int> labels, Span<float> predicted, Span<float> rank)
    {
        var classes = labels.IsEmpty ? 0 : outputs.Length / labels.Length;
        for (var sample = 0; sample < labels.Length; sample++)
        {
            var of = outputs.Slice(sample * classes, classes);
            predicted[sample] = Largest(of);
            rank[sample] = (uint)labels[sample] < (uint)classes ? Before(of, labels[sample]) : classes;
        }
    }

    private static int Largest(ReadOnlySpan<float> outputs)
    {
        var best = 0;
        for (var i = 1; i < outputs.Length; i++)
        {
            best = outputs[i] > outputs[best] ? i : best;
        }

        return best;
    }

    private static int Before(ReadOnlySpan<float> outputs, int label)
    {
        var before = 0;
        for (var i = 0; i < outputs.Length; i++)
        {
            var isBehind = outputs[i] < outputs[label] || (outputs[i] == outputs[label] && i >= label);
            before += isBehind ? 0 : 1;
        }

        return before;
    }
}
