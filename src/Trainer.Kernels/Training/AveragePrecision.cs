namespace Trainer.Kernels.Training;

/// <summary>How well a score tells samples of a class from others, whatever threshold it is cut at.</summary>
public static class AveragePrecision
{
    /// <summary>
    /// The sum over thresholds, from the highest down, of (recall - recall before) x precision, as sklearn.metrics.average_precision_score: samples of equal scores are taken together. NaN where no
    /// sample is of the class.
    /// </summary>
    /// <param name="scores">(samples); what is no number is lower than anything.</param>
    /// <param name="isOf">(samples), whether each is of the class.</param>
    public static double Of(ReadOnlySpan<float> scores, ReadOnlySpan<bool> isOf)
    {
        if (scores.Length != isOf.Length)
        {
            throw new ArgumentException($"{scores.Length} scores and {isOf.Length} answers; expected as many.", nameof(isOf));
        }

        var (values, answers) = (scores.ToArray(), isOf.ToArray());
        Array.Sort(values, answers); // What is no number comes first.
        var (all, found, taken, sum) = (answers.Count(answer => answer), 0, 0, 0.0);
        for (var i = values.Length - 1; i >= 0;)
        {
            var (before, value) = (found, values[i]);
            for (; i >= 0 && values[i].Equals(value); i--)
            {
                (found, taken) = (found + (answers[i] ? 1 : 0), taken + 1);
            }

            sum += (found - before) * ((double)found / taken);
        }

        return all == 0 ? double.NaN : sum / all;
    }
}
