namespace Trainer.Differential.Tests.Running;

/// <summary>How far numbers are from PyTorch's, tensor by tensor: the largest difference, as a part of the largest value.</summary>
internal static class Comparison
{
    public static IReadOnlyDictionary<string, double> Deviations(Trained ours, Trained exact)
    {
        var names = ours.Tensors.Keys.Order(StringComparer.Ordinal).ToList();
        Assert.Equal(exact.Tensors.Keys.Order(StringComparer.Ordinal), names);
        var deviations = names.ToDictionary(name => name, name => Deviation(ours.Tensors[name], exact.Tensors[name]), StringComparer.Ordinal);
        for (var epoch = 0; epoch < exact.Epochs.Count; epoch++)
        {
            var (mine, theirs) = (ours.Epochs[epoch], exact.Epochs[epoch]);
            deviations[$"training loss of epoch {epoch + 1}"] = Deviation([mine.Training.Loss], [theirs.Training.Loss]);
            deviations[$"evaluation loss after epoch {epoch + 1}"] = Deviation([mine.Evaluation.Loss], [theirs.Evaluation.Loss]);
            deviations[$"training accuracy of epoch {epoch + 1}"] = Accuracy(mine.Training, theirs.Training);
            deviations[$"evaluation accuracy after epoch {epoch + 1}"] = Accuracy(mine.Evaluation, theirs.Evaluation);
        }

        return deviations;
    }

    private static double Deviation(double[] ours, double[] exact)
    {
        Assert.Equal(exact.Length, ours.Length);
        var (difference, scale) = (0.0, 0.0);
        for (var i = 0; i < exact.Length; i++)
        {
            if (double.IsFinite(exact[i]) != double.IsFinite(ours[i]))
            {
                return double.PositiveInfinity;
            }

            if (double.IsFinite(exact[i]))
            {
                (difference, scale) = (Math.Max(difference, Math.Abs(ours[i] - exact[i])), Math.Max(scale, Math.Abs(exact[i])));
            }
        }

        return difference == 0 ? 0 : difference / scale;
    }

    /// <summary>0 where samples that rounding decides about explain the difference.</summary>
    private static double Accuracy(Measured ours, Measured exact) =>
        double.IsNaN(exact.Accuracy) && double.IsNaN(ours.Accuracy) ? 0
        : Math.Abs(ours.Accuracy - exact.Accuracy) <= exact.Unsure + 1e-9 ? 0 : double.PositiveInfinity;
}
