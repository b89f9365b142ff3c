using Trainer.Coordinator.Api;
using Trainer.Hosting.Files;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

public sealed class JobValidatorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly JobValidator _validator = new(new DataCatalog(), FileRoots.Everything);
    private readonly JobSpec _spec;

    public JobValidatorTests() => _spec = SmallData.Spec(_folder.Path);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_left_open_is_filled_in()
    {
        var (spec, violations) = _validator.Check(_spec);
        Assert.Empty(violations);
        Assert.Equal((4u, 4u, 1u, 10u), (spec.Training.Shards, spec.Cluster.MaxWorkers, spec.Cluster.MinWorkers, spec.Model.Classes));
        Assert.True(spec.Training.HasSeed && spec.Data.HasShuffle && spec.Training.Optimizer.Sgd.HasMomentum);
        Assert.False(_spec.Training.HasShards, "The request itself is left alone.");
        Assert.Equal(spec, _validator.Check(spec).Spec);
    }

    [Fact]
    public void A_missing_job_is_a_violation() => Assert.Equal([new FieldViolation("spec", "is required")], _validator.Check(null).Violations);

    [Fact]
    public void The_rules_of_the_job_file_hold()
    {
        _spec.Training.Optimizer.Sgd.Lr = -1;
        _spec.Name = "No Label";
        Assert.Equal(["name", "training.optimizer.sgd.lr"], _validator.Check(_spec).Violations.Select(violation => violation.Path));
    }

    [Fact]
    public void What_lies_outside_the_folders_that_jobs_may_read_is_not_looked_at()
    {
        _spec.Training.Init = new Init { Weights = "/etc/shadow" };
        var violation = Assert.Single(new JobValidator(new DataCatalog(), FileRoots.Of([_folder.Path])).Check(_spec).Violations);
        Assert.Equal("training.init.weights", violation.Path);
        Assert.Equal($"names '/etc/shadow', which is not in a folder that jobs may read: {_folder.Path}. Put it there, or ask the operator for another --data-root", violation.Problem);
        _spec.Training.Init = null;
        Assert.Empty(new JobValidator(new DataCatalog(), FileRoots.Of([_folder.Path])).Check(_spec).Violations);
    }

    [Fact]
    public void Shards_workers_and_batch_must_fit_each_other()
    {
        Expect("training.shards", "must be at most batch_size (32), got 33", spec => spec.Training.Shards = 33);
        Expect("cluster.min_workers", "must be at most training.shards (4), got 5", spec => spec.Cluster = new ClusterSection { MinWorkers = 5 });
        Expect("cluster.min_workers", "must be at most max_workers (2), got 3", spec => spec.Cluster = new ClusterSection { MinWorkers = 3, MaxWorkers = 2 });
    }

    /// <summary>Of 67 images three steps are made, or two.</summary>
    [Fact]
    public void What_depends_on_the_size_of_the_training_set_is_refused_before_a_worker_has_it()
    {
        Expect("data.drop_last", "leaves nothing: 67 training samples are fewer than a batch of 68", spec => (spec.Training.BatchSize, spec.Data.DropLast) = (68, true));
        Expect("training.evaluate_every_steps", "1 makes 10002 evaluations within epochs; expected at most 10000: evaluate more rarely", spec => (spec.Training.EvaluateEverySteps, spec.Training.Epochs) = (1, 5001));
        Assert.Empty(_validator.Check(With(spec => (spec.Training.EvaluateEverySteps, spec.Training.Epochs) = (1, 5000))).Violations);
        Assert.Empty(_validator.Check(With(spec => (spec.Training.EvaluateEverySteps, spec.Training.Epochs, spec.Data.DropLast) = (1, 10_000, true))).Violations);
    }

    [Fact]
    public void A_batch_may_be_larger_than_the_training_set_whose_size_then_decides_the_groups()
    {
        var spec = With(spec => (spec.Model, spec.Training.BatchSize) = (Norms(sync: false), 1024));

        var (filled, violations) = _validator.Check(spec);
        Assert.Empty(violations);
        Assert.Equal((16u, 8u, 16u), (filled.Training.Shards, filled.Training.BatchNormShards, filled.Cluster.MaxWorkers)); // 67 samples: 33 and 34
    }

    [Fact]
    public void Sync_leaves_the_groups_of_other_layers_and_limits_no_workers()
    {
        var (filled, violations) = _validator.Check(With(spec => (spec.Model, spec.Training.BatchSize, spec.Training.Shards) = (Norms(sync: true), 66, 4)));

        Assert.Equal(["a batch of 1 samples in 4 shards has a batch norm group (shards 2 to 3) of one value per channel, which has no variance"],
            violations.Select(violation => violation.Problem));
        Assert.Equal((2u, 4u), (filled.Training.BatchNormShards, filled.Cluster.MaxWorkers));
    }

    [Fact]
    public void Labels_that_start_at_1_and_ignored_ones_fit_where_the_job_says_so()
    {
        SmallData.WriteLabels(_spec.Data.Idx.TrainLabels, [.. Enumerable.Range(0, 67).Select(i => (byte)((i % 5) + 1))]);
        SmallData.WriteLabels(_spec.Data.Idx.TestLabels, [.. Enumerable.Range(0, 13).Select(i => (byte)((i % 5) + 1))]);
        void Five(JobSpec spec) => spec.Model.Classes = 5;
        Expect(
            "model.classes",
            "gives 5 classes; the data's labels go up to 5 and need 6; they start at 1, so data.label_offset: 1 may be what is missing",
            Five);
        Expect("model.classes", "gives 5 classes; the data's labels start at -1; classes start at 0", spec =>
        {
            Five(spec);
            spec.Data.LabelOffset = 2;
        });
        void Ignore(JobSpec spec, int label) => spec.Training.Loss = new Loss { CrossEntropy = new CrossEntropy { IgnoreIndex = label } };
        Assert.Equal(5u, _validator.Check(With(spec => spec.Data.LabelOffset = 1)).Spec.Model.Classes);
        Assert.Empty(_validator.Check(With(spec => { Five(spec); Ignore(spec, 5); })).Violations);
        Assert.Empty(_validator.Check(With(spec => { Five(spec); spec.Data.LabelOffset = 2; Ignore(spec, -1); })).Violations);
    }

    [Fact]
    public void Layers_that_do_not_fit_are_named()
    {
        var (_, violations) = _validator.Check(With(spec => spec.Model = new Model
        {
            Layers =
            {
                new Layer { Conv2D = new Conv2d { OutChannels = 3, KernelSize = { 5 } } },
                new Layer { AvgPool2D = new AvgPool2d { KernelSize = { 2 } } },
                new Layer { Conv2D = new Conv2d { OutChannels = 3, KernelSize = { 13 } } },
            },
        }));
        var violation = Assert.Single(violations);
        Assert.Equal("model.layers[2].conv2d", violation.Path);
        Assert.Contains("13", violation.Problem);
    }

    [Fact]
    public void Labels_must_be_below_the_number_of_classes()
    {
        Expect("model.classes", "gives 7 classes; the data's labels go up to 9 and need 10", spec => spec.Model.Classes = 7);
        Expect("model.layers", "gives 3 classes; the data's labels go up to 9 and need 10", spec => spec.Model = new Model
        {
            Layers = { new Layer { Flatten = new Flatten() }, new Layer { Linear = new Linear { OutFeatures = 3 } } },
        });
    }

    /// <summary>Whatever is asked for, it is refused before memory is: 1,048,576 x 1 x 4096 x 4096 floats.</summary>
    [Fact]
    public void A_batch_that_no_worker_could_hold_is_refused_with_its_bytes() => Expect(
        "training.batch_size",
        "of 1048576 images of (1,4096,4096) is 70,368,744,177,664 bytes; expected at most 8,589,934,588, since one worker may have to take it whole: make the batch or the images smaller",
        spec =>
        {
            spec.Training.BatchSize = 1_048_576;
            spec.Data.Resize.Add(4096);
        });

    [Fact]
    public void Broken_pictures_can_be_skipped_where_the_loss_can_leave_samples_out() => Expect(
        "data.on_error",
        "skip needs the loss cross_entropy, which can leave samples out; got another loss",
        spec =>
        {
            spec.Data.OnError = "skip";
            spec.Training.Loss = new Loss { Mse = new Mse() };
        });

    [Fact]
    public void A_missing_file_is_named_at_its_field()
    {
        File.Delete(_spec.Data.Idx.TestLabels);
        var violation = Assert.Single(_validator.Check(_spec).Violations);
        Assert.Equal("data.idx.test_labels", violation.Path);
        Assert.Contains(_spec.Data.Idx.TestLabels, violation.Problem);
    }

    [Fact]
    public void A_file_is_read_again_when_it_changed()
    {
        Assert.Empty(_validator.Check(_spec).Violations);
        File.WriteAllBytes(_spec.Data.Idx.TrainImages, File.ReadAllBytes(_spec.Data.Idx.TrainImages)[..1000]);
        Assert.Equal("data.idx.train_images", Assert.Single(_validator.Check(_spec).Violations).Path);
    }

    [Fact]
    public void Test_images_have_the_shape_of_the_training_images()
    {
        SmallData.WriteImages(_spec.Data.Idx.TestImages, 13, 27, 28);
        Expect("data.idx.test_images", "has samples of (1,27,28); the training set's are (1,28,28)", _ => { });
    }

    [Fact]
    public void Batch_norm_groups_are_filled_in_and_limit_no_workers()
    {
        Model model = new()
        {
            Layers = { new Layer { Flatten = new Flatten() }, new Layer { BatchNorm1D = new BatchNorm1d() }, new Layer { Linear = new Linear { OutFeatures = 10 } } },
        };
        var spec = With(spec => (spec.Model, spec.Training.BatchSize, spec.Training.Shards) = (model, 66, 7));
        var (filled, violations) = _validator.Check(spec);

        Assert.Equal(
            [new FieldViolation(
                "training.batch_size",
                "a batch of 1 samples in 7 shards has a batch norm group (shards 0 to 6) of one value per channel, which has no variance")],
            violations);
        Assert.Equal((7u, 7u), (filled.Training.BatchNormShards, filled.Cluster.MaxWorkers));

        spec.Training.BatchSize = 67;
        spec.Training.Shards = 2;
        Assert.Empty(_validator.Check(spec).Violations);
        Assert.Equal((1u, 2u), (Math.Max(1, _validator.Check(spec).Spec.Training.BatchNormShards), _validator.Check(spec).Spec.Cluster.MaxWorkers));

        spec.Training.Shards = 6;
        spec.Cluster = new ClusterSection { MinWorkers = 3 };
        Assert.Empty(_validator.Check(spec).Violations);
        spec.Training.BatchNormShards = 2;
        Assert.Equal(
            [new FieldViolation(
                "training.batch_norm_shards", "must be a power of two from 6 on, or all 6 shards, got 2: a group holds at least 32 samples")],
            _validator.Check(spec).Violations);
    }

    [Fact]
    public void Loss_and_parameter_groups_must_fit_the_model()
    {
        Expect(
            "training.loss.cross_entropy.class_weights",
            "has 3 weights; the model has 10 classes",
            spec => spec.Training.Loss = new Loss { CrossEntropy = new CrossEntropy { ClassWeights = { 1, 2, 3 } } });
        Expect(
            "training.loss.bce_with_logits.pos_weight",
            "has 2 weights; the model has 10 classes",
            spec => spec.Training.Loss = new Loss { BceWithLogits = new BceWithLogits { PosWeight = { 1, 2 } } });
        Expect(
            "training.parameter_groups[0].pattern",
            "'8.*' matches no parameter; the first ones are 0.weight, 0.bias, 3.weight, 3.bias",
            spec => spec.Training.ParameterGroups.Add(new ParameterGroup { Pattern = "8.*", Frozen = true }));
    }

    [Fact]
    public void Transforms_must_fit_the_images()
    {
        Expect(
            "data.normalize",
            "normalize has 3 means and 3 standard deviations for images of 1 channels; expected 1 or 1 of each.",
            spec => spec.Data.Normalize = new Normalize { Mean = { 1, 2, 3 }, Std = { 1, 1, 1 } });
        Expect(
            "data.validation",
            "takes 67 of 67 training samples; expected 1 to 66",
            spec => spec.Data.Validation = new Validation { Samples = 67 });
    }

    [Fact]
    public void Weights_to_start_from_are_looked_at()
    {
        var path = Path.Combine(_folder.Path, "none.safetensors");
        var violation = Assert.Single(_validator.Check(With(spec => spec.Training.Init = new Init { Weights = path })).Violations);
        Assert.Equal("training.init.weights", violation.Path);
        Assert.Contains(path, violation.Problem, StringComparison.Ordinal);
    }

    private static Model Norms(bool sync) => new()
    {
        Layers =
        {
            new Layer { Flatten = new Flatten() },
            new Layer { BatchNorm1D = new BatchNorm1d() },
            new Layer { Linear = new Linear { OutFeatures = 10 } },
            new Layer { BatchNorm1D = new BatchNorm1d { Sync = sync } },
        },
    };

    private void Expect(string path, string problem, Action<JobSpec> change) =>
        Assert.Equal([new FieldViolation(path, problem)], _validator.Check(With(change)).Violations);

    private JobSpec With(Action<JobSpec> change)
    {
        var spec = _spec.Clone();
        change(spec);
        return spec;
    }
}
