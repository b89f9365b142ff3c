namespace Trainer.Protos.Tests.JobFiles;

/// <summary>What a job file may say of data and training beyond the necessary, and what its author is told.</summary>
public sealed class TrainingFieldTests
{
    [Fact]
    public void Reads_every_field()
    {
        var spec = JobFile.Parse(
            File(
                "resize: [96, 64]\nnormalize: {mean: 0.2860, std: 0.3530}\nvalidation: {fraction: 0.1, seed: 7}",
                """
                loss: {cross_entropy: {class_weights: [1, 2, 0.5], ignore_index: 255, label_smoothing: 0.1}}
                parameter_groups:
                  - {pattern: "0.*", frozen: true}
                  - {pattern: "*.bias", weight_decay: 0, lr: 0.2}
                schedule: {multi_step: {milestones: [3, 7]}, warmup: {epochs: 2}}
                clip_grad_norm: 1
                init: {weights: old.safetensors, strict: false}
                """),
            "/jobs/j.yaml");

        Assert.Equal([96u, 64u], spec.Data.Resize);
        Assert.True(spec.Data.Normalize is { Mean: [0.286], Std: [0.353] });
        Assert.True(spec.Data.Validation is { SizeCase: Validation.SizeOneofCase.Fraction, Fraction: 0.1, Seed: 7 });
        Assert.True(spec.Training.Loss.CrossEntropy is { ClassWeights: [1, 2, 0.5], IgnoreIndex: 255, LabelSmoothing: 0.1 });
        Assert.Equal(["0.*", "*.bias"], spec.Training.ParameterGroups.Select(group => group.Pattern));
        Assert.True(spec.Training.ParameterGroups[1] is { HasFrozen: false, HasWeightDecay: true, WeightDecay: 0, Lr: 0.2 });
        Assert.True(spec.Training.Schedule is { MultiStep.Milestones: [3, 7], Warmup.Epochs: 2 });
        Assert.True(spec.Training is { ClipGradNorm: 1, Init: { Weights: "/jobs/old.safetensors", HasStrict: true, Strict: false } });
        Assert.Equal(spec, JobFile.Parse(JobFile.Write(spec), "/jobs/j.yaml"));
    }

    [Theory]
    [InlineData("adam: {}", 0.001, 0)]
    [InlineData("adamw:", 0.001, 0.01)]
    public void Adam_needs_nothing(string optimizer, double lr, double weightDecay)
    {
        var spec = JobRules.WithDefaults(JobFile.Parse(File("", "", optimizer), "j.yaml"));

        (double, double, double, double, double) values = spec.Training.Optimizer switch
        {
            { Adam: { } adam } => (adam.Lr, adam.Beta1, adam.Beta2, adam.Eps, adam.WeightDecay),
            { Adamw: { } adamw } => (adamw.Lr, adamw.Beta1, adamw.Beta2, adamw.Eps, adamw.WeightDecay),
            _ => default,
        };
        Assert.Equal((lr, 0.9, 0.999, 1e-8, weightDecay), values);
    }

    [Theory]
    [InlineData("resize: 0", "5:11: data.resize: must be at least 1, got 0")]
    [InlineData("normalize: {mean: [0.5, 0.5], std: [1]}", "5:39: data.normalize.std: needs as many values as mean (2), got 1")]
    [InlineData("normalize: {mean: 0.5}", "5:3: data.normalize.std: is required")]
    [InlineData("normalize: {mean: 0.5, std: [1, 0]}", "5:35: data.normalize.std[1]: must be greater than 0, got 0")]
    [InlineData("validation: {fraction: 1}", "5:26: data.validation.fraction: must be less than 1, got 1")]
    [InlineData("validation: {fraction: 0.5, samples: 5}", "5:31: data.validation.samples: cannot stand beside fraction: only one of fraction or samples")]
    [InlineData("validation: {seed: 5}", "5:3: data.validation: needs fraction or samples")]
    public void FaultsOfDataArePlaced(string data, string expected) => Refused(File(data, ""), expected);

    [Theory]
    [InlineData("loss: {}", "9:3: training.loss: needs cross_entropy, mse or bce_with_logits")]
    [InlineData("loss: {mse: {reduction: none}}", "9:27: training.loss.mse.reduction: must be mean or sum, got 'none'")]
    [InlineData("loss: {cross_entropy: {label_smoothing: -1}}", "9:43: training.loss.cross_entropy.label_smoothing: must be at least 0, got -1")]
    [InlineData("parameter_groups: [{pattern: '0.*'}]", "9:22: training.parameter_groups[0]: needs lr, weight_decay, frozen, frozen_epochs or frozen_statistics")]
    [InlineData("parameter_groups: [{pattern: '0 *', lr: 1}]",
        "9:32: training.parameter_groups[0].pattern: must be a parameter's name, * for any characters and ? for any one, got '0 *'")]
    [InlineData("parameter_groups: [{pattern: '*', lr: 1, frozen: true}]",
        "9:41: training.parameter_groups[0].lr: cannot stand beside frozen: true; remove one of them")]
    [InlineData("schedule: {}", "9:3: training.schedule: needs constant, step, multi_step, exponential, cosine, one_cycle, reduce_on_plateau or warmup")]
    [InlineData("schedule: {warmup: {steps: 5}, step: {step_size: 1}, cosine: }",
        "9:56: training.schedule.cosine: cannot stand beside step: only one of constant, step, multi_step, exponential, cosine, one_cycle or reduce_on_plateau")]
    [InlineData("schedule: {cosine: , warmup: {}}", "9:24: training.schedule.warmup: needs steps or epochs")]
    [InlineData("averaging: {swa: {start_epoch: 4}}", "9:34: training.averaging.swa.start_epoch: must be at most training.epochs (3), got 4")]
    [InlineData("averaging: {swa: {}}", "9:15: training.averaging.swa.start_epoch: is required")]
    [InlineData("averaging: {ema: {}, swa: {start_epoch: 2}}", "9:24: training.averaging.swa: cannot stand beside ema: only one of ema or swa")]
    [InlineData("averaging: {}", "9:3: training.averaging: needs ema or swa")]
    [InlineData("schedule: {cosine: , warmup: {epochs: 3}}", "9:41: training.schedule.warmup.epochs: must be less than training.epochs (3), got 3")]
    [InlineData("schedule: {cosine: , warmup: {steps: 3, start_factor: 0}}", "9:57: training.schedule.warmup.start_factor: must be greater than 0, got 0")]
    [InlineData("schedule: {multi_step: {milestones: [3, 2]}}", "9:43: training.schedule.multi_step.milestones[1]: must be at least the one before it (3), got 2")]
    [InlineData("schedule: {reduce_on_plateau: {metric: accuracy}}", "9:14: training.schedule.reduce_on_plateau.mode: must be max beside metric accuracy, got min")]
    [InlineData("schedule: {reduce_on_plateau: {mode: max}}", "9:40: training.schedule.reduce_on_plateau.mode: must be min beside metric test_loss, got max")]
    [InlineData("schedule: {step: {gamma: 0.5}}", "9:14: training.schedule.step.step_size: is required")]
    [InlineData("schedule: {one_cycle: {pct_start: 0.5}}", "9:14: training.schedule.one_cycle.max_lr: is required")]
    [InlineData("schedule: {one_cycle: {max_lr: 1}}\nparameter_groups: [{pattern: '*', frozen: true}, {pattern: '*', lr: 1}]",
        "10:71: training.parameter_groups[1].lr: says nothing beside schedule one_cycle, which sets every learning rate; remove it")]
    [InlineData("clip_grad_norm: 0", "9:19: training.clip_grad_norm: must be greater than 0, got 0")]
    [InlineData("compute: fp16", "9:12: training.compute: must be exact or tf32, got 'fp16'")]
    [InlineData("gradients: tf32", "9:14: training.gradients: must be fp32 or bf16, got 'tf32'")]
    [InlineData("compute: true", "9:12: training.compute: must be exact or tf32, got 'true'")]
    [InlineData("init: {}", "9:3: training.init: needs weights or from")]
    [InlineData("init: {weights: a, from: {job: 6ed2ujta4p, checkpoint: best}}", "9:3: training.init: takes only one of weights and from")]
    [InlineData("init: {from: {job: 6ed2ujta4p, checkpoint: best}, strict: true}", "9:61: training.init.strict: says nothing without weights; remove it")]
    [InlineData("init: {from: {job: 6ed2ujta4p, checkpoint: newest}}", "9:46: training.init.from.checkpoint: must be best, last or the number of a step, got 'newest'")]
    [InlineData("init: {from: {job: 6ed2ujta4p, checkpoint: 470, hash: 3f}}", "9:57: training.init.from.hash: must be 16 hexadecimal digits, got '3f'")]
    public void FaultsOfTrainingArePlaced(string training, string expected) => Refused(File("", training), expected);

    [Fact]
    public void A_checkpoint_of_another_job_is_named_by_a_word_or_a_number()
    {
        var spec = JobRules.WithDefaults(JobFile.Parse(File("", "init: {from: {job: 6ed2ujta4p, checkpoint: 470, hash: 00000000000003fa}}"), "j.yaml"));
        Assert.Equal(("6ed2ujta4p", "470", "state", "00000000000003fa", false), (spec.Training.Init.From.Job, spec.Training.Init.From.Checkpoint, spec.Training.Init.From.Take, spec.Training.Init.From.Hash, spec.Training.Init.HasStrict));
        Assert.Equal(spec, JobFile.Parse(JobFile.Write(spec), "/j.yaml"));
    }

    [Theory]
    [InlineData("schedule: {warmup: {steps: 5}}")]
    [InlineData("schedule: {multi_step: {milestones: [3, 3, 7]}}")]
    [InlineData("clip_grad_norm: 5e-324")]
    [InlineData("clip_grad_norm: 1\nloss: {cross_entropy: {label_smoothing: 0.0e-9}}")]
    public void What_pytorch_takes_is_taken(string training) => Assert.Empty(JobRules.Validate(JobFile.Parse(File("", training), "j.yaml")));

    [Theory]
    [InlineData("adam: {beta2: 1}", "8:30: training.optimizer.adam.beta2: must be less than 1, got 1")]
    [InlineData("sgd: {lr: 1, nesterov: true}", "8:39: training.optimizer.sgd.nesterov: needs momentum above 0 and dampening 0, got 0 and 0")]
    [InlineData("sgd: {lr: 1, momentum: 0.9, dampening: 0.5, nesterov: true}",
        "8:70: training.optimizer.sgd.nesterov: needs momentum above 0 and dampening 0, got 0.9 and 0.5")]
    [InlineData("sgd: {lr: 1}, adam: {}", "8:30: training.optimizer.adam: cannot stand beside sgd: only one of sgd, adam, adamw, rmsprop or adagrad")]
    public void Faults_of_optimizers_are_placed(string optimizer, string expected) => Refused(File("", "", optimizer), expected);

    private static void Refused(string text, string expected) =>
        Assert.Equal($"j.yaml:{expected}", Assert.Throws<JobFileException>(() => JobFile.Parse(text, "j.yaml")).Message);

    private static string File(string data, string training, string optimizer = "sgd: {lr: 1}") => $$"""
        name: fields
        model: {zoo: lenet}
        data:
          dataset: fashion-mnist
          {{data.Replace("\n", "\n  ", StringComparison.Ordinal)}}
        training:
          epochs: 3
          optimizer: { {{optimizer}} }
          {{(training + "\nbatch_size: 8").TrimStart().Replace("\n", "\n  ", StringComparison.Ordinal)}}
        """;
}
