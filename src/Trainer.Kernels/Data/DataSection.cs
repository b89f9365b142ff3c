using Trainer.Kernels.Models;

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
    public static (DataSet Train, DataSet Evaluation) Load(string json) => JsonOptions.ReadObject(json, "data", data =>
    {
        data.LeaveOut("shuffle");
        var (train, test) = data.Child("idx", ReadIdx) ?? ReadKnown(data);
        var transform = ReadTransform(data, train.Shape);
        var validation = data.Child("validation", part => new Validation(part.RealOrNone("samples"), part.RealOrNone("fraction"), part.Unsigned("seed", 0)));
        (train, test) = (train.With(transform), test.With(transform));
        return validation is null ? new Sets(train, test) : Cut(train, validation);
    });

    private static Sets ReadIdx(JsonOptions idx) => new(
        DataSet.FromIdx(idx.RequiredText("train_images"), idx.RequiredText("train_labels")),
        DataSet.FromIdx(idx.RequiredText("test_images"), idx.RequiredText("test_labels")));

    private static Sets ReadKnown(JsonOptions data)
    {
        var name = data.RequiredText("dataset");
        if (!Known.TryGetValue(name, out var load))
        {
            throw new ModelException("data.dataset", $"no data set is called '{name}'; expected one of {string.Join(", ", Known.Keys)}");
        }

        var (train, test) = load();
        return new Sets(train, test);
    }

    private static ImageTransform ReadTransform(JsonOptions data, Shape image)
    {
        var size = data.Size("resize", 0);
        var transform = new ImageTransform(size.Height, size.Width);
        transform = data.Child("normalize", json => transform with { Mean = json.Reals("mean"), Std = json.Reals("std") }) ?? transform;
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
        var samples = (int)(validation.Samples ?? Math.Floor(validation.Fraction.GetValueOrDefault() * train.Count));
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

    private sealed record Validation(double? Samples, double? Fraction, ulong Seed);
}
