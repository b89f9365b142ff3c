using Trainer.Kernels.Data.Packs;
using Trainer.Kernels.Data.Pictures;
using Trainer.Kernels.Data.Transforms;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Data.Sections;

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
        var (train, test) = OpenForJob(data);
        if (data.Get<Validation>("validation") is { } validation)
        {
            (train, test) = Cut(train, validation);
        }

        train = data.Get<int?>("limit") is { } limit ? train.Sample(limit) : train;

        return new Sets(Sampled(data, Transformed(data, train, isTraining: true)).Mixing(MixOf(data)), Transformed(data, test ?? throw NoTest(), isTraining: false));
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
    public static DataSet DescribeTest(string json) => JsonValue.Parse(json, "data", section =>
    {
        var data = new JobSection(section);
        return Transformed(data, OpenForJob(data).Test ?? throw new ModelException("data", "has no test set"), isTraining: false);
    });

    /// <summary>What the section makes of a set that it does not name, in evaluation.</summary>
    /// <exception cref="ModelException">It does not fit the images; with the field's path.</exception>
    public static DataSet Apply(string json, DataSet other) => JsonValue.Parse(json, "data", section => Transformed(new JobSection(section), other, isTraining: false));

    /// <summary>Images and classes of the section's training set. A data set that has a name need not be here for it.</summary>
    /// <param name="ignored">A label that is no class.</param>
    /// <exception cref="DataFileException">A file is missing or not what it should be.</exception>
    /// <exception cref="ModelException">The section asks for what the data cannot give; with the field's path.</exception>
    public static (Shape Image, int Classes) Outline(string json, int? ignored = null) => JsonValue.Parse(json, "data", section =>
    {
        var data = new JobSection(section);
        if (data.Get<string>("dataset") is { } name && KnownDataSet.Named(name) is var known)
        {
            var form = new PictureForm(known.Image[0], known.Image[1], known.Image[2]);
            var behind = Guarded(data, isTraining: true, (transforms, transform) => DataSet.FormBehind(form, transforms, transform), form.Channels);
            return (new Shape(behind.Channels, behind.Height, behind.Width), known.Classes);
        }

        var (train, test) = OpenForJob(data);
        return (Transformed(data, train, isTraining: true).Shape, (test is null ? train.Labels : train.Labels.Or(test.Labels)).Classes(ignored));
    });

    /// <summary>The sets that the section names, as they are; the test set is null where it names none.</summary>
    /// <exception cref="DataFileException">A file is missing or not what it should be.</exception>
    public static (DataSet Train, DataSet? Test) DescribeUntransformed(string json) => JsonValue.Parse(json, "data", section => (Raw)Open(new JobSection(section)));

    /// <summary>A job says of a pack whether its samples have several labels, since its loss has to suit that.</summary>
    private static (DataSet Train, DataSet? Test) OpenForJob(JobSection data)
    {
        var (train, test) = Open(data);
        var isSeveral = data.Get<string>("labels") == "several";
        if (data.Get<PackedFiles>("packed") is not null && isSeveral != train.HasSeveralLabels)
        {
            throw new ModelException("data.labels", isSeveral
                ? "is several, and the pack has one label of each picture; remove it"
                : "is one, and the pack has any number of labels for each picture; expected labels: several, and the loss bce_with_logits");
        }

        return (train, test);
    }

    /// <returns>The test set is null where the data has none.</returns>
    private static (DataSet Train, DataSet? Test) Open(JobSection data)
    {
        var offset = data.Get<int>("label_offset");
        if (data.Get<string>("pushed") is { } pushed)
        {
            throw new DataFileException(pushed, "is a data set in the store of a cluster, and not on this machine");
        }

        return data.Get<IdxFiles>("idx")?.Describe(offset)
            ?? data.Get<NpyFiles>("npy")?.Describe(offset)
            ?? data.Get<CsvFiles>("csv")?.Describe(offset)
            ?? data.Get<TarFiles>("tar")?.Describe(offset)
            ?? data.Get<ParquetFiles>("parquet")?.Describe(offset)
            ?? data.Get<PackedFiles>("packed")?.Describe(offset)
            ?? (offset > 0 ? throw new ModelException("data.label_offset", "is for labels that are numbers in files of your own: idx, npy, csv, tar, parquet and packed") : OpenNamed(data));
    }

    private static (DataSet Train, DataSet? Test) OpenNamed(JobSection data) =>
        data.Get<PictureFolder>("image_folder")?.Describe()
        ?? data.Get<CifarFolder>("cifar10")?.Describe(CifarSource.Open10)
        ?? data.Get<CifarFolder>("cifar100")?.Describe(CifarSource.Open100)
        ?? KnownDataSet.Named(data.Require<string>("dataset")).Describe();

    /// <summary>Labels that have names are numbered here, and start at 0.</summary>
    private static (DataSet Train, DataSet? Test) Numbered(ISampleSource train, ISampleSource? test, int labelOffset) => labelOffset > 0 && train.ClassNames.Count > 0
        ? throw new ModelException("data.label_offset", $"is for labels that are numbers; those of {train.NameOf(0)} and its like are names")
        : (DataSet.From(train, labelOffset), test is null ? null : DataSet.From(test, labelOffset));

    private static ModelException NoTest() => new(
        "data.validation", "is needed: the data has no test set (for pictures in folders: a folder test, val or validation beside train); for example {fraction: 0.1}");

    private static DataSet Transformed(JobSection data, DataSet set, bool isTraining) =>
        Guarded(data, isTraining, (transforms, transform) => set.With(transform, transforms), set.Source.Channels);

    /// <summary>What the section's transforms come to; their faults with their paths.</summary>
    private static T Guarded<T>(JobSection data, bool isTraining, Func<IReadOnlyList<Transform>, ImageTransform, T> apply, int channels)
    {
        var lists = data.Get<TransformLists>("transforms");
        var transforms = (isTraining ? lists?.Train : lists?.Test) ?? [];
        try
        {
            RefuseRandom(isTraining ? [] : transforms);
            return apply(transforms, ReadTransform(data, channels));
        }
        catch (TransformMisfitException misfit)
        {
            var word = KindAttribute.WordOf(transforms[misfit.Index].GetType());
            throw new ModelException($"data.transforms.{(isTraining ? "train" : "test")}[{misfit.Index}].{word}", misfit.Message);
        }
        catch (ArgumentException misfit)
        {
            throw new ModelException("data.transforms", misfit.Message);
        }
    }

    private static DataSet Sampled(JobSection data, DataSet train)
    {
        try
        {
            return train.Sampling(data.Get<ClassSampling>("sampling"));
        }
        catch (ArgumentException misfit)
        {
            throw new ModelException("data.sampling.weighted.class_weights", misfit.Message);
        }
        catch (NotSupportedException several)
        {
            throw new ModelException("data.sampling", several.Message);
        }
    }

    private static BatchMix? MixOf(JobSection data)
    {
        List<BatchMix> mixes = [.. new BatchMix?[] { data.Get<Mixup>("mixup"), data.Get<CutMix>("cutmix") }.OfType<BatchMix>()];
        return mixes.Count > 1 ? new MixChoice(mixes) : mixes.FirstOrDefault();
    }

    private static void RefuseRandom(IReadOnlyList<Transform> transforms)
    {
        for (var i = 0; i < transforms.Count; i++)
        {
            if (transforms[i].IsRandom)
            {
                throw new TransformMisfitException(i, "draws numbers, and evaluation sees the same images every time; it belongs in train");
            }
        }
    }

    private static ImageTransform ReadTransform(JobSection data, int channels)
    {
        var size = data.Get<Size2>("resize");
        var transform = new ImageTransform(size.Height, size.Width);
        if (data.Get<Normalize>("normalize") is { } normalize)
        {
            transform = transform with { Mean = normalize.Mean, Std = normalize.Std };
        }

        try
        {
            transform.OutputShape(new Shape(channels, 1, 1));
            return transform;
        }
        catch (ArgumentException misfit)
        {
            throw new ModelException("data.normalize", misfit.Message);
        }
    }

    private static (DataSet Train, DataSet? Test) Cut(DataSet train, Validation validation)
    {
        // In decimal, as people write it: 0.29 of 100 is 29, while the double nearest to 0.29 lies below it.
        var samples = validation.Samples ?? (int)Math.Floor((decimal)validation.Fraction.GetValueOrDefault() * train.Count);
        if (samples < 1 || samples >= train.Count)
        {
            throw new ModelException("data.validation", $"takes {samples} of {train.Count} training samples; expected 1 to {train.Count - 1}");
        }

        return train.Split(samples, validation.Seed);
    }

    private sealed record Sets(DataSet Train, DataSet Test)
    {
        public static implicit operator (DataSet Train, DataSet Evaluation)(Sets sets) => (sets.Train, sets.Test);
    }

    private sealed record Raw(DataSet Train, DataSet? Test)
    {
        public static implicit operator Raw((DataSet Train, DataSet? Test) sets) => new(sets.Train, sets.Test);

        public static implicit operator (DataSet Train, DataSet? Test)(Raw sets) => (sets.Train, sets.Test);
    }

    private sealed record IdxFiles(string TrainImages, string TrainLabels, string TestImages, string TestLabels)
    {
        public (DataSet Train, DataSet? Test)? Describe(int labelOffset) =>
            (DataSet.From(IdxSource.Open(TrainImages, TrainLabels), labelOffset), DataSet.From(IdxSource.Open(TestImages, TestLabels), labelOffset));
    }

    private sealed record PictureFolder(string Path)
    {
        public (DataSet Train, DataSet? Test)? Describe()
        {
            var (train, test) = ImageFolder.Open(Path);
            return (DataSet.From(train), test is null ? null : DataSet.From(test));
        }
    }

    private sealed record CifarFolder(string Path)
    {
        public (DataSet Train, DataSet? Test)? Describe(Func<string, (ISampleSource Train, ISampleSource Test)> open)
        {
            var (train, test) = open(Path);
            return (DataSet.From(train), DataSet.From(test));
        }
    }

    private sealed record NpyFiles(string TrainX, string TrainY, string? TestX = null, string? TestY = null)
    {
        public (DataSet Train, DataSet? Test)? Describe(int labelOffset) =>
            Numbered(NpySource.Open(TrainX, TrainY), TestX is null ? null : NpySource.Open(TestX, TestY!), labelOffset);
    }

    private sealed record CsvFiles(string Train, string? Test = null, string Labels = "one")
    {
        public (DataSet Train, DataSet? Test)? Describe(int labelOffset)
        {
            var train = Open(Train, null);
            return Numbered(train, Test is null ? null : Open(Test, train.ClassNames), labelOffset);
        }

        private ISampleSource Open(string path, IReadOnlyList<string>? known) => Labels == "several" ? CsvList.OpenSeveral(path, known) : CsvList.Open(path, known);
    }

    private sealed record TarFiles(IReadOnlyList<string> Train, IReadOnlyList<string>? Test = null)
    {
        public (DataSet Train, DataSet? Test)? Describe(int labelOffset)
        {
            var train = TarShards.Open(Train);
            return Numbered(train, Test is null or [] ? null : TarShards.Open(Test, train.ClassNames), labelOffset);
        }
    }

    private sealed record ParquetFiles(IReadOnlyList<string> Train, IReadOnlyList<string>? Test = null, string? Image = null, string? Label = null)
    {
        public (DataSet Train, DataSet? Test)? Describe(int labelOffset)
        {
            var train = ParquetImages.Open(Train, Image, Label);
            return Numbered(train, Test is null or [] ? null : ParquetImages.Open(Test, Image, Label, train.ClassNames), labelOffset);
        }
    }

    private sealed record PackedFiles(string Path)
    {
        public (DataSet Train, DataSet? Test)? Describe(int labelOffset)
        {
            var (train, test) = DataPack.Open(Path);
            return Numbered(train, test, labelOffset);
        }
    }

    private sealed record TransformLists(IReadOnlyList<Transform>? Train = null, IReadOnlyList<Transform>? Test = null);

    private sealed record Normalize(IReadOnlyList<double> Mean, IReadOnlyList<double> Std);

    private sealed record Validation(int? Samples = null, double? Fraction = null, ulong Seed = 0);
}
