using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Data;

/// <summary>The data section of a job file in its JSON form; field names of job.proto.</summary>
public static class DataSection
{
    private static readonly Dictionary<string, Func<(DataSet Train, DataSet Test)>> Known = new(StringComparer.Ordinal)
    {
        ["fashion-mnist"] = () => FashionMnist.Load(),
    };

    /// <summary>
    /// Loads what a job trains on and what it is evaluated on after each epoch: the test set, or what validation cuts off the training set.
    /// </summary>
    /// <param name="json"><c>{"dataset":"fashion-mnist","resize":[96],...}</c></param>
    /// <exception cref="DataFileException">A file is missing or not what it should be.</exception>
    /// <exception cref="ModelException">The section asks for what the data cannot give; with the field's path.</exception>
    public static (DataSet Train, DataSet Evaluation) Load(string json) => JsonValue.Parse(json, "data", section =>
    {
        var data = new JobSection(section);
        var (train, test) = data.Get<IdxFiles>("idx")?.Load(data.Get<int>("label_offset")) ?? LoadKnown(data.Require<string>("dataset"));
        var transform = ReadTransform(data, train.Shape);
        var validation = data.Get<Validation>("validation");
        (train, test) = (train.With(transform), test.With(transform));
        return validation is null ? new Sets(train, test) : Cut(train, validation);
    });

    private static Sets LoadKnown(string name)
    {
        if (!Known.TryGetValue(name, out var load))
        {
            throw new ModelException("data.dataset", $"no data set is called '{name}'; expected one of {string.Join(", ", Known.Keys)}");
        }

        var (train, test) = load();
        return new Sets(train, test);
    }

    private static ImageTransform ReadTransform(JobSection data, Shape image)
    {
        var size = data.Get<Size2>("resize");
        var transform = new ImageTransform(size.Height, size.Width);
        if (data.Get<Normalize>("normalize") is { } normalize)
        {
            transform = transform with { Mean = normalize.Mean, Std = normalize.Std };
        }

        try
        {
            transform.OutputShape(image);
            return transform;
        }
        catch (ArgumentException misfit)
        {
            throw new ModelException("data.normalize", misfit.Message);
        }
    }

    private static Sets Cut(DataSet train, Validation validation)
    {
        // In decimal, as people write it: 0.29 of 100 is 29, while the double nearest to 0.29 lies below it.
        var samples = validation.Samples ?? (int)Math.Floor((decimal)validation.Fraction.GetValueOrDefault() * train.Count);
        if (samples < 1 || samples >= train.Count)
        {
            throw new ModelException("data.validation", $"takes {samples} of {train.Count} training samples; expected 1 to {train.Count - 1}");
        }

        var (rest, part) = train.Split(samples, validation.Seed);
        return new Sets(rest, part);
    }

    private sealed record Sets(DataSet Train, DataSet Test)
    {
        public static implicit operator (DataSet Train, DataSet Evaluation)(Sets sets) => (sets.Train, sets.Test);
    }

    private sealed record IdxFiles(string TrainImages, string TrainLabels, string TestImages, string TestLabels)
    {
        public Sets Load(int labelOffset) => new(DataSet.FromIdx(TrainImages, TrainLabels, labelOffset), DataSet.FromIdx(TestImages, TestLabels, labelOffset));
    }

    private sealed record Normalize(IReadOnlyList<double> Mean, IReadOnlyList<double> Std);

    private sealed record Validation(int? Samples = null, double? Fraction = null, ulong Seed = 0);
}
