using Trainer.Kernels.Data;

namespace Trainer.Kernels.Training;

/// <summary>How a class of several that a sample may have fared.</summary>
/// <param name="Samples">That are of it.</param>
/// <param name="AveragePrecision"><see cref="Training.AveragePrecision"/>; NaN where no sample is of it.</param>
public sealed record ClassPrecision(int Label, string Name, long Samples, double AveragePrecision);

/// <summary>What an evaluation of samples with any number of labels each found.</summary>
/// <param name="Sums">Of all samples; right is who finds one of a sample's labels to be the likeliest.</param>
/// <param name="Classes">By label.</param>
public sealed record SeveralLabelsReport(PassSums Sums, IReadOnlyList<ClassPrecision> Classes)
{
    /// <summary>Mean over the classes that occur, each counting alike: mAP.</summary>
    public double MeanAveragePrecision => Classes.Where(each => each.Samples > 0).Select(each => each.AveragePrecision).DefaultIfEmpty(double.NaN).Average();

    /// <param name="outputs">(samples, <paramref name="classes"/>) of all samples of the set, in its order.</param>
    public static SeveralLabelsReport Of(DataSet set, in PassSums sums, ReadOnlySpan<float> outputs, int classes)
    {
        var (scores, isOf, targets) = (new float[set.Count], new bool[set.Count], new float[(long)set.Count * classes]);
        for (var i = 0; i < set.Count; i++)
        {
            set.FillTargets(i, targets.AsSpan(i * classes, classes));
        }

        var found = new List<ClassPrecision>();
        for (var label = 0; label < classes; label++)
        {
            for (var i = 0; i < set.Count; i++)
            {
                (scores[i], isOf[i]) = (outputs[(i * classes) + label], targets[(i * classes) + label] > 0);
            }

            found.Add(new ClassPrecision(label, set.ClassNameOf(label), isOf.Count(answer => answer), AveragePrecision.Of(scores, isOf)));
        }

        return new SeveralLabelsReport(sums, found);
    }
}
