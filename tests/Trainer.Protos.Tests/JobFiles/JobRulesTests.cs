using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Trainer.Protos.Tests.JobFiles;

/// <summary>The rules of job.proto as the API applies them: without a file.</summary>
public sealed class JobRulesTests
{
    [Fact]
    public void An_empty_job_lacks_its_sections() =>
        Assert.Equal(["name: is required", "model: is required", "data: is required", "training: is required"], Violations(new JobSpec()));

    [Fact]
    public void Every_fault_of_a_job_is_named()
    {
        var spec = Jobs.Small();
        spec.Name = "a\nb";
        spec.Model = new Model { Zoo = "lenet", Classes = 1, Layers = { new Layer { Linear = new Linear() }, new Layer() } };
        spec.Data.Idx = new IdxFiles { TrainImages = "x" };
        spec.Training.BatchSize = 2_000_000;
        spec.Training.Optimizer = new Optimizer { Sgd = new Sgd { Lr = double.NaN, Momentum = double.NegativeInfinity } };
        spec.Cluster = new ClusterSection { Priority = -1001 };

        Assert.Equal(
            [
                "name: must not contain control characters",
                "model: takes only one of zoo and layers",
                "model.layers[0].linear.out_features: is required",
                $"model.layers[1]: needs {FieldKinds}",
                "model.classes: must be at least 2, got 1",
                "data: takes only one of dataset and idx",
                "data.idx.train_labels: is required",
                "data.idx.test_images: is required",
                "data.idx.test_labels: is required",
                "training.batch_size: must be at most 1048576, got 2000000",
                "training.optimizer.sgd.lr: must be a finite number, got NaN",
                "training.optimizer.sgd.momentum: must be a finite number, got -Infinity",
                "cluster.priority: must be at least -1000, got -1001",
            ],
            Violations(spec));
    }

    [Fact]
    public void Relations_between_fields_are_checked()
    {
        var spec = Jobs.Small();
        spec.Training.BatchSize = 16;
        spec.Training.Shards = 17;
        spec.Cluster = new ClusterSection { MinWorkers = 18, MaxWorkers = 3 };

        Assert.Equal(
            [
                "training.shards: must be at most batch_size (16), got 17",
                "cluster.min_workers: must be at most max_workers (3), got 18",
                "cluster.min_workers: must be at most training.shards (17), got 18",
            ],
            Violations(spec));
    }

    [Fact]
    public void Samples_that_are_left_out_are_not_mixed()
    {
        var spec = Jobs.Small();
        spec.Data.Mixup = new Mixup { Alpha = 1 };
        spec.Training.Loss = new Loss { CrossEntropy = new CrossEntropy { IgnoreIndex = -100 } };
        Assert.Empty(Violations(spec));

        spec.Training.Loss.CrossEntropy.IgnoreIndex = 3;
        const string Why = "mixes samples, which have two labels then: it goes neither with ignore_index nor with on_error: skip, which leave samples out";
        Assert.Equal([$"data.mixup: {Why}; remove training.loss.cross_entropy.ignore_index, or data.mixup"], Violations(spec));

        spec.Training.Loss = null;
        (spec.Data.Mixup, spec.Data.Cutmix, spec.Data.OnError) = (null, new Cutmix { Alpha = 1 }, "skip");
        Assert.Equal([$"data.cutmix: {Why}; remove data.on_error, or data.cutmix"], Violations(spec));
    }

    [Fact]
    public void Samples_that_are_left_out_are_not_drawn_as_a_class()
    {
        var spec = Jobs.Small();
        spec.Data.Sampling = new Sampling { Balanced = new() };
        spec.Training.Loss = new Loss { CrossEntropy = new CrossEntropy { IgnoreIndex = -100 } };
        Assert.Empty(Violations(spec));

        spec.Training.Loss.CrossEntropy.IgnoreIndex = 3;
        Assert.Equal(
            [
                "data.sampling: would draw samples with the label of ignore_index as a class of their own, which count nothing in training; "
                + "remove training.loss.cross_entropy.ignore_index, or data.sampling",
            ],
            Violations(spec));
    }

    [Theory]
    [InlineData(13u, 7u, 14u)]
    [InlineData(14u, 7u, null)]
    [InlineData(1u, null, 2u)]
    [InlineData(2u, null, null)]
    [InlineData(16u, null, null)]
    public void Shards_of_one_sample_have_nobody_to_mix_with(uint batch, uint? shards, uint? needed)
    {
        var spec = Jobs.Small();
        spec.Data.Cutmix = new Cutmix { Alpha = 1 };
        spec.Training.BatchSize = batch;
        if (shards is { } given)
        {
            spec.Training.Shards = given;
        }

        string[] refusal =
        [
            "data.cutmix: mixes each sample with the next one of its batch shard, and shards of one sample have none: "
            + $"training.batch_size must be at least {needed}, twice the shards ({shards ?? 1}), got {batch}; or remove data.cutmix",
        ];
        Assert.Equal(needed is null ? [] : refusal, Violations(spec));
    }

    [Fact]
    public void Several_labels_need_a_loss_that_takes_them()
    {
        var spec = Jobs.Small();
        spec.Data = new Data { Csv = new CsvFiles { Train = "a.csv", Labels = "several" }, Sampling = new Sampling { Balanced = new() } };

        Assert.Equal(
            [
                "data.csv.labels: several needs the loss bce_with_logits, which judges each class by itself; got another loss, which takes one label of each picture",
                "data.sampling: draws pictures by their class, and data.csv.labels: several gives each any number of them; remove one",
            ],
            Violations(spec));

        (spec.Training.Loss, spec.Data.Sampling) = (new Loss { BceWithLogits = new() }, null);
        Assert.Empty(Violations(spec));

        spec.Data.Labels = "several";
        Assert.Equal(["data.labels: is of packed and pushed, and the data is neither; remove it (a table has data.csv.labels)"], Violations(spec));

        (spec.Data, spec.Training.Loss) = (new Data { Pushed = "pictures", Labels = "several" }, null);
        Assert.Equal(["data.labels: several needs the loss bce_with_logits, which judges each class by itself; got another loss, which takes one label of each picture"], Violations(spec));
        spec.Training.Loss = new Loss { BceWithLogits = new() };
        Assert.Empty(Violations(spec));
    }

    /// <summary>A section that appears by itself would change trainings that never asked for it.</summary>
    [Fact]
    public void Defaults_add_no_section_but_these()
    {
        var spec = JobRules.WithDefaults(JobFile.Parse(
            "name: j\nmodel: {zoo: lenet}\ndata: {dataset: fashion-mnist}\ntraining: {epochs: 9, batch_size: 8, optimizer: {sgd: {lr: 0.1}}}\n", "j.yaml"));
        Assert.Equal(["model", "data", "training", "training.optimizer", "training.optimizer.sgd", "training.loss", "training.loss.cross_entropy", "cluster", "cluster.checkpoint"], Sections(spec, ""));

        static IEnumerable<string> Sections(IMessage message, string path) => message.Descriptor.Fields.InFieldNumberOrder()
            .Where(field => field.FieldType == FieldType.Message && !field.IsRepeated && field.Accessor.GetValue(message) is not null)
            .SelectMany(field => Sections((IMessage)field.Accessor.GetValue(message), $"{path}{field.Name}.").Prepend($"{path}{field.Name}"));
    }

    [Fact]
    public void Defaults_fill_what_is_absent_and_nothing_else()
    {
        var spec = Jobs.Small();
        spec.Model = new Model { Layers = { new Layer { Conv2D = new Conv2d { OutChannels = 3, KernelSize = { 5 }, Bias = false } } } };
        var before = spec.Clone();

        var filled = JobRules.WithDefaults(spec);

        Assert.Equal(before, spec);
        var conv = filled.Model.Layers[0].Conv2D;
        Assert.Equal([1u], conv.Stride);
        Assert.Equal([0u], conv.Padding);
        Assert.False(conv.Bias);
        Assert.Null(conv.WeightInit); // its kind is for the one who writes it to choose
        Assert.True(filled.Data is { HasShuffle: true, Shuffle: true, Idx: null });
        Assert.True(filled.Training is { HasSeed: true, Seed: 0, HasShards: false });
        Assert.True(filled.Training.Optimizer.Sgd is { HasMomentum: true, HasWeightDecay: true });
        Assert.True(filled.Cluster is { MinWorkers: 1, HasPriority: true, HasMaxWorkers: false, Device: "auto" });
        Assert.Equal(filled, JobRules.WithDefaults(filled));
        Assert.Empty(Violations(filled));
    }

    /// <summary>job.proto itself: each rule fits its field, and each field is of a type that a job file can hold.</summary>
    [Fact]
    public void Every_rule_fits_its_field()
    {
        FieldDescriptor[] fields = [.. Jobs.Messages().SelectMany(message => message.Fields.InFieldNumberOrder())];
        Assert.True(fields.Length > 30);
        foreach (var field in fields)
        {
            var rule = field.GetOptions()?.GetExtension(RulesExtensions.Rule) ?? new Rule();
            var number = field.FieldType is FieldType.Double or FieldType.UInt32 or FieldType.Int32 or FieldType.UInt64;
            var text = field.FieldType == FieldType.String;
            Assert.True(number || text || field.FieldType is FieldType.Bool or FieldType.Message, field.FullName);
            Assert.True(number || rule is { HasMin: false, HasMax: false }, $"{field.FullName}: a range is for numbers");
            Assert.True((rule.HasMin || !rule.ExclusiveMin) && (rule.HasMax || !rule.ExclusiveMax), $"{field.FullName}: excludes an end that is not there");
            Assert.True(text || rule is { OneOf.Count: 0, Pattern: "", File: false }, $"{field.FullName}: a pattern is for text");
            Assert.True(field.IsRepeated || rule is { MinItems: 0, MaxItems: 0 }, $"{field.FullName}: a count is for lists");
            Assert.True(!rule.HasDefault || field.HasPresence || field.IsRepeated, $"{field.FullName}: a default needs to know whether the field is absent");
            Assert.False(rule is { HasDefault: true, Required: true }, $"{field.FullName}: required, so never absent");
            foreach (var condition in new[] { rule.OnlyWith, rule.NotWith }.Where(condition => condition.Length > 0))
            {
                Assert.True(IsAnswerable(field.ContainingType, condition), $"{field.FullName}: {condition}");
            }
        }
    }

    /// <summary>A sibling, or a sibling that can have the value.</summary>
    private static bool IsAnswerable(MessageDescriptor message, string condition)
    {
        var parts = condition.Split('=');
        var sibling = message.FindFieldByName(parts[0]);
        if (sibling is null || parts.Length == 1)
        {
            return sibling is not null;
        }

        return sibling.FieldType == FieldType.Bool
            ? parts[1] is "true" or "false"
            : sibling.GetOptions().GetExtension(RulesExtensions.Rule).OneOf.Contains(parts[1]);
    }

    [Fact]
    public void Defaults_of_what_cannot_stand_there_stay_away()
    {
        var spec = Jobs.Small();
        spec.Model = new Model
        {
            Layers =
            {
                new Layer
                {
                    Conv2D = new Conv2d { OutChannels = 3, KernelSize = { 5 }, AutoPadding = "same", WeightInit = new Initializer { Kind = "normal", Std = 0.01 } },
                },
                new Layer { BatchNorm2D = new BatchNorm2d { Cumulative = true } },
                new Layer { Linear = new Linear { OutFeatures = 2, BiasInit = new Initializer { Kind = "constant" } } },
            },
        };

        var filled = JobRules.WithDefaults(spec);

        Assert.Empty(filled.Model.Layers[0].Conv2D.Padding);
        Assert.True(filled.Model.Layers[0].Conv2D.WeightInit is { HasMean: true, Mean: 0, Std: 0.01, HasValue: false });
        Assert.True(filled.Model.Layers[1].BatchNorm2D is { HasMomentum: false, HasEps: true, Eps: 1e-5, Affine: true, Sync: false });
        Assert.True(filled.Model.Layers[2].Linear.BiasInit is { HasMean: false, HasStd: false, HasValue: true, Value: 0 });
        Assert.True(filled.Training.Loss is { KindCase: Loss.KindOneofCase.CrossEntropy, CrossEntropy: { HasLabelSmoothing: true, IgnoreIndex: -100 } });
        Assert.True(filled.Training is { Schedule: null, Init: null, HasClipGradNorm: false });
        Assert.True(filled.Data is { Normalize: null, Validation: null });
        Assert.Empty(Violations(filled));
    }

    private static string FieldKinds
    {
        get
        {
            string[] kinds = [.. Layer.Descriptor.Oneofs[0].Fields.Select(kind => kind.Name)];
            return $"{string.Join(", ", kinds[..^1])} or {kinds[^1]}";
        }
    }

    private static IEnumerable<string> Violations(JobSpec spec) => JobRules.Validate(spec).Select(violation => $"{violation.Path}: {violation.Problem}");

    [Fact]
    public void A_model_beyond_the_limits_has_one_violation_with_the_limits_name()
    {
        JobSpec deep = Empty(), wide = Empty();
        Layer layer = new() { Relu = new() };
        for (var i = 0; i < 31; i++)
        {
            layer = new() { Sequential = new() { Layers = { layer } } };
        }

        deep.Model.Layers.Add(layer);
        wide.Model.Layers.Add(Enumerable.Range(0, 10_001).Select(_ => new Layer { Relu = new() }));

        Assert.Equal("layers are nested in more than 30 containers", Assert.Single(JobRules.Validate(deep)).Problem);
        Assert.Equal(new FieldViolation("model.layers", "a model has at most 10000 layers, got more"), Assert.Single(JobRules.Validate(wide)));
    }

    private static JobSpec Empty()
    {
        var spec = JobFile.Parse("{name: a, model: {layers: [relu: {}]}, data: {dataset: fashion-mnist}, training: {epochs: 1, batch_size: 8, optimizer: {sgd: {lr: 1}}}}", "j.yaml");
        spec.Model.Layers.Clear();
        return spec;
    }
}

internal static class Jobs
{
    public static JobSpec Small() => new()
    {
        Name = "small",
        Model = new Model { Zoo = "lenet" },
        Data = new Data { Dataset = "fashion-mnist" },
        Training = new Training { Epochs = 1, BatchSize = 32, Optimizer = new Optimizer { Sgd = new Sgd { Lr = 0.1 } } },
    };

    /// <summary>JobSpec's message and all that it holds.</summary>
    public static IReadOnlyCollection<MessageDescriptor> Messages()
    {
        var found = new HashSet<MessageDescriptor>();
        Visit(JobSpec.Descriptor);
        return found;

        void Visit(MessageDescriptor message)
        {
            if (!found.Add(message))
            {
                return;
            }

            foreach (var field in message.Fields.InFieldNumberOrder().Where(field => field.FieldType == FieldType.Message))
            {
                Visit(field.MessageType);
            }
        }
    }
}
