using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Data;

/// <summary>The data section of a job file in its JSON form; field names of job.proto.</summary>
public static class DataSection
{
    /// <summary>
    /// What a job trains on and what it is evaluated on after each epoch: the test set, or what validation cuts off the training set. Headers and labels are read, pixels are
    /// not: <see cref="DataSet.Load"/> does that.
    /// </summary>
    /// <param name="json"><c>{"dataset":"fashion-mnist","resize":[96],...}</c></param>
    /// <exception cref="DataFileException">A file is missing or not what it should be.</exception>
    /// <exception cref="ModelException">The section asks for what the data cannot give; with the field's path.</exception>
    public static (DataSet Train, DataSet Evaluation) Describe(string json) => JsonValue.Parse(json, "data", section =>
    {
        var data = new JobSection(section);
        var sets = Transformed(data);
        return data.Get<Validation>("validation") is { } validation ? Cut(sets.Train, validation) : sets;
    });

    /// <summary><see cref="Describe"/>, ready to be read.</summary>
    /// <exception cref="DataFileException">A file is missing or not what it should be.</exception>
    /// <exception cref="ModelException">The section asks for what the data cannot give; with the field's path.</exception>
    public static (DataSet Train, DataSet Evaluation) Load(string json)
    {
        var (train, evaluation) = Describe(json);
        return (train.Load(), evaluation.Load());
    }

    /// <summary>The test set that the section names, whether or not the job is evaluated on it; described alone.</summary>
    /// <exception cref="DataFileException">A file is missing or not what it should be.</exception>
    /// <exception cref="ModelException">The section asks for what the data cannot give; with the field's path.</exception>
    public static DataSet DescribeTest(string json) => JsonValue.Parse(json, "data", section => Transformed(new JobSection(section))).Test;

    /// <summary>Images and classes of the section's training set. A data set that has a name need not be here for it.</summary>
    /// <param name="ignored">A label that is no class.</param>
    /// <exception cref="DataFileException">A file is missing or not what it should be.</exception>
    /// <exception cref="ModelException">The section asks for what the data cannot give; with the field's path.</exception>
    public static (Shape Image, int Classes) Outline(string json, int? ignored = null) => JsonValue.Parse(json, "data", section =>
    {
        var data = new JobSection(section);
        if (data.Get<string>("dataset") is { } name && KnownDataSet.Named(name) is var known)
        {
            return (ReadTransform(data, known.Image).OutputShape(known.Image), known.ClassNames.Count);
        }

        var (train, test) = Transformed(data);
        return (train.Shape, train.Labels.Or(test.Labels).Classes(ignored));
    });

    /// <summary>What the section makes of a set that it does not name.</summary>
    /// <exception cref="ModelException">It does not fit the images; with the field's path.</exception>
    public static DataSet Transform(string json, DataSet other) => JsonValue.Parse(json, "data", section =>
    {
        var data = new JobSection(section);
        return other.With(ReadTransform(data, other.Shape));
    });

    private static Sets Transformed(JobSection data)
    {
        var (train, test) = data.Get<IdxFiles>("idx")?.Describe(data.Get<int>("label_offset")) ?? KnownDataSet.Named(data.Require<string>("dataset")).Describe();
        var transform = ReadTransform(data, train.Shape);
        return new Sets(train.With(transform), test.With(transform));
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
        public (DataSet Train, DataSet Test) Describe(int labelOffset) =>
            (DataSet.From(IdxSource.Open(TrainImages, TrainLabels), labelOffset), DataSet.From(IdxSource.Open(TestImages, TestLabels), labelOffset));
    }

    private sealed record Normalize(IReadOnlyList<double> Mean, IReadOnlyList<double> Std);

    private sealed record Validation(int? Samples = null, double? Fraction = null, ulong Seed = 0);
}
