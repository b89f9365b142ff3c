namespace Trainer.Protos;

/// <summary>What fields demand of each other; asked of a job whose fields are well-formed each by itself, with defaults filled in.</summary>
internal static class JobRelations
{
    public static IEnumerable<FieldViolation> Check(JobSpec spec) =>
        [.. LayerNames.Check(spec.Model.Layers, "model.layers"), .. OfData(spec), .. OfSkipping(spec), .. OfMixing(spec), .. OfSampling(spec), .. OfSeveralLabels(spec), .. OfTraining(spec.Training), .. OfWorkers(spec)];

    private static IEnumerable<FieldViolation> OfData(JobSpec spec)
    {
        var data = spec.Data;
        if (data.Normalize is { } normalize && normalize.Std.Count != normalize.Mean.Count)
        {
            yield return new("data.normalize.std", $"needs as many values as mean ({normalize.Mean.Count}), got {normalize.Std.Count}");
        }
    }

    private static IEnumerable<FieldViolation> OfSkipping(JobSpec spec)
    {
        if (spec.Data.OnError == "skip" && spec.Training.Loss.CrossEntropy is null)
        {
            yield return new("data.on_error", "skip needs the loss cross_entropy, which can leave samples out; got another loss");
        }
    }

    // Which of two labels such a sample would be left out for, or what it would count then, nobody can say; torch takes no ignore_index beside them either.
    private static IEnumerable<FieldViolation> OfMixing(JobSpec spec)
    {
        if ((spec.Data.Mixup ?? (object?)spec.Data.Cutmix) is null)
        {
            yield break;
        }

        var (field, ignores) = (spec.Data.Mixup is null ? "data.cutmix" : "data.mixup", Ignores(spec));
        if (ignores || spec.Data.OnError == "skip")
        {
            yield return new(field, $"mixes samples, which have two labels then: it goes neither with ignore_index nor with on_error: skip, which leave samples out; remove {(ignores ? "training.loss.cross_entropy.ignore_index" : "data.on_error")}, or {field}");
        }

        foreach (var violation in OfShardsThatMix(spec, field))
        {
            yield return violation;
        }
    }

    // Where no shards are given and there are more than one, each has eight samples at least.
    private static IEnumerable<FieldViolation> OfShardsThatMix(JobSpec spec, string field)
    {
        var (batch, shards) = (spec.Training.BatchSize, spec.Training.HasShards ? spec.Training.Shards : 1);
        if (batch < 2ul * shards && batch >= shards)
        {
            yield return new(field, $"mixes each sample with the next one of its batch shard, and shards of one sample have none: training.batch_size must be at least {2ul * shards}, twice the shards ({shards}), got {batch}; or remove {field}");
        }
    }

    private static IEnumerable<FieldViolation> OfSampling(JobSpec spec)
    {
        if (spec.Data.Sampling is not null && Ignores(spec))
        {
            yield return new("data.sampling", "would draw samples with the label of ignore_index as a class of their own, which count nothing in training; remove training.loss.cross_entropy.ignore_index, or data.sampling");
        }
    }

    private static bool Ignores(JobSpec spec) => spec.Training.Loss.CrossEntropy is { HasIgnoreIndex: true, IgnoreIndex: not -100 };

    private static IEnumerable<FieldViolation> OfSeveralLabels(JobSpec spec)
    {
        if (spec.Data.HasLabels && spec.Data.Packed is null && spec.Data.Pushed.Length == 0)
        {
            yield return new("data.labels", "is of packed and pushed, and the data is neither; remove it (a table has data.csv.labels)");
        }

        if (FieldOfSeveralLabels(spec.Data) is not { } field)
        {
            yield break;
        }

        if (spec.Training.Loss.BceWithLogits is null)
        {
            yield return new(field, "several needs the loss bce_with_logits, which judges each class by itself; got another loss, which takes one label of each picture");
        }

        if (spec.Data.Sampling is not null)
        {
            yield return new("data.sampling", $"draws pictures by their class, and {field}: several gives each any number of them; remove one");
        }
    }

    private static string? FieldOfSeveralLabels(Data data) => data.Csv is { Labels: "several" } ? "data.csv.labels" : data.Labels == "several" ? "data.labels" : null;

    private static IEnumerable<FieldViolation> OfTraining(Training training)
    {
        if (training.HasShards && training.Shards > training.BatchSize)
        {
            yield return new("training.shards", $"must be at most batch_size ({training.BatchSize}), got {training.Shards}");
        }

        if (training.Optimizer.Sgd is { Nesterov: true } sgd && (sgd.Momentum <= 0 || sgd.Dampening != 0))
        {
            yield return new("training.optimizer.sgd.nesterov",
                $"needs momentum above 0 and dampening 0, got {ValueRules.Text(sgd.Momentum)} and {ValueRules.Text(sgd.Dampening)}");
        }

        if (training.Averaging?.Swa is { } swa && swa.StartEpoch > training.Epochs)
        {
            yield return new("training.averaging.swa.start_epoch", $"must be at most training.epochs ({training.Epochs}), got {swa.StartEpoch}");
        }

        if (training.Schedule is { } schedule)
        {
            foreach (var violation in OfSchedule(schedule, training))
            {
                yield return violation;
            }
        }
    }

    private static IEnumerable<FieldViolation> OfSchedule(Schedule schedule, Training training)
    {
        IReadOnlyList<uint> milestones = schedule.MultiStep?.Milestones ?? [];
        for (var i = 1; i < milestones.Count; i++)
        {
            if (milestones[i] < milestones[i - 1])
            {
                yield return new($"training.schedule.multi_step.milestones[{i}]",
                    $"must be at least the one before it ({milestones[i - 1]}), got {milestones[i]}");
            }
        }
        if (schedule.ReduceOnPlateau is { } plateau && plateau.Metric == "accuracy" != (plateau.Mode == "max"))
        {
            yield return new("training.schedule.reduce_on_plateau.mode",
                $"must be {(plateau.Metric == "accuracy" ? "max" : "min")} beside metric {plateau.Metric}, got {plateau.Mode}");
        }
        if (schedule.Warmup is { HasEpochs: true } warmup && warmup.Epochs >= training.Epochs)
        {
            yield return new("training.schedule.warmup.epochs", $"must be less than training.epochs ({training.Epochs}), got {warmup.Epochs}");
        }

        for (var i = 0; schedule.OneCycle is not null && i < training.ParameterGroups.Count; i++)
        {
            if (training.ParameterGroups[i].HasLr)
            {
                yield return new($"training.parameter_groups[{i}].lr", "says nothing beside schedule one_cycle, which sets every learning rate; remove it");
            }
        }
    }

    private static IEnumerable<FieldViolation> OfWorkers(JobSpec spec)
    {
        if (spec.Cluster.HasMaxWorkers && spec.Cluster.MinWorkers > spec.Cluster.MaxWorkers)
        {
            yield return new("cluster.min_workers", $"must be at most max_workers ({spec.Cluster.MaxWorkers}), got {spec.Cluster.MinWorkers}");
        }

        if (spec.Training.HasShards && spec.Cluster.MinWorkers > spec.Training.Shards)
        {
            yield return new("cluster.min_workers", $"must be at most training.shards ({spec.Training.Shards}), got {spec.Cluster.MinWorkers}");
        }
    }
}
