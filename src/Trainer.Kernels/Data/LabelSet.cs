namespace Trainer.Kernels.Data;

/// <summary>Which labels occur among some samples.</summary>
public sealed class LabelSet
{
    private readonly int[] _labels;

    private LabelSet(IEnumerable<int> labels) => _labels = [.. labels.Distinct().Order()];

    /// <param name="offset">Taken from every label.</param>
    public static LabelSet Of(ReadOnlySpan<int> labels, int offset = 0)
    {
        var occurring = new HashSet<int>();
        foreach (var label in labels)
        {
            occurring.Add(label - offset);
        }

        return new LabelSet(occurring);
    }

    internal static LabelSet Of(ISampleSource source, int offset)
    {
        var occurring = new HashSet<int>();
        for (var sample = 0; sample < source.Count; sample++)
        {
            foreach (var label in source.LabelsOf(sample))
            {
                occurring.Add(label - offset);
            }
        }

        return new LabelSet(occurring);
    }

    /// <summary>Those of both.</summary>
    public LabelSet Or(LabelSet other) => new(_labels.Concat(other._labels));

    /// <summary>One more than the largest label; 0 where every label is ignored.</summary>
    /// <param name="ignored">A label that is no class: <see cref="Training.Loss.Ignored"/>.</param>
    public int Classes(int? ignored = null) => Counted(ignored).DefaultIfEmpty(-1).Max() + 1;

    /// <summary>Why these cannot be the labels of a model's classes; null: they can.</summary>
    public string? Refuse(int classes, int? ignored = null)
    {
        List<int> counted = [.. Counted(ignored)];
        if (counted.Count == 0)
        {
            return $"every label is {ignored}, which the loss ignores";
        }

        var (first, last) = (counted[0], counted[^1]);
        var remedy = first > 0 ? $"; they start at {first}, so data.label_offset: {first} may be what is missing" : "";
        return first < 0 ? $"the data's labels start at {first}; classes start at 0"
            : last >= classes ? $"the data's labels go up to {last} and need {last + 1}{remedy}"
            : null;
    }

    private IEnumerable<int> Counted(int? ignored) => _labels.Where(label => label != ignored);
}
