using Trainer.Coordinator.Api;
using Trainer.Kernels;
using Trainer.Protos;
using Layers = Trainer.Kernels.Layers;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Coordinator.Tests.Api;

public sealed class OriginFitTests
{
    private static readonly Model Plain = new(new Shape(1, 4, 4), new Layers.Flatten(), new Layers.Linear(3));

    private static readonly Model Normalized = new(new Shape(1, 4, 4), new Layers.Conv2d(2, 3), new Layers.BatchNorm2d(), new Layers.Flatten(), new Layers.Linear(3));

    /// <summary>An average goes on only where the same kind of average is made; its options are the new job's own.</summary>
    [Theory]
    [InlineData("", "", null)]
    [InlineData("ema: {decay: 0.9}", "ema: {decay: 0.5}", null)]
    [InlineData("swa: {start_epoch: 2}", "swa: {start_epoch: 4}", null)]
    [InlineData("", "swa: {start_epoch: 2}", "must be left out as in job j-1, whose state goes on")]
    [InlineData("swa: {start_epoch: 2}", "", "must be swa as in job j-1, whose average goes on")]
    [InlineData("ema: {decay: 0.9}", "swa: {start_epoch: 2}", "must be ema as in job j-1, whose average goes on")]
    public void An_average_goes_on_as_the_same_kind(string source, string fork, string? problem)
    {
        var violations = OriginFit.Check(SpecOf(fork), SpecOf(source), new CheckpointSummary { Epochs = 1 }, () => Plain);

        Assert.Equal(
            problem is null ? [] : [("training.averaging", $"{problem}; training.init.from.take: weights begins at step 0 with its weights, whatever else differs")],
            violations.Select(violation => (violation.Path, violation.Problem)));
    }

    /// <summary>Estimates of running statistics are items, which are counted on.</summary>
    [Theory]
    [InlineData("swa: {start_epoch: 3}", "swa: {start_epoch: 3}", 4, null)]
    [InlineData("swa: {start_epoch: 3}", "swa: {start_epoch: 4}", 1, null)]
    [InlineData("swa: {start_epoch: 3}", "swa: {start_epoch: 4}", 2, "training.averaging.swa.start_epoch: running statistics for the averaged weights are estimated from epoch 3 on in job j-1, whose record of items goes on, and from epoch 4 on here: the checkpoint is in epoch 3")]
    [InlineData("swa: {start_epoch: 4}", "swa: {start_epoch: 2}", 1, "training.averaging.swa.start_epoch: running statistics for the averaged weights are estimated from epoch 4 on in job j-1, whose record of items goes on, and from epoch 2 on here: the checkpoint is in epoch 2")]
    [InlineData("swa: {start_epoch: 3}", "swa: {start_epoch: 3}", 3, "training.parameter_groups: running statistics for the averaged weights are estimated from epoch 3 on in job j-1, whose record of items goes on, and in no epoch here: the checkpoint is in epoch 4")]
    public void Estimates_go_on_behind_the_same_epochs(string source, string fork, uint epochs, string? problem)
    {
        var freezes = problem?.StartsWith("training.parameter_groups", StringComparison.Ordinal) is true ? "\n  parameter_groups: [{pattern: '*', frozen_statistics: true}]" : "";
        var violations = OriginFit.Check(SpecOf(fork, freezes), SpecOf(source), new CheckpointSummary { Epochs = epochs }, () => Normalized);

        Assert.Equal(
            problem is null ? [] : [$"{problem}; training.init.from.take: weights begins at step 0 with its weights, whatever else differs"],
            violations.Select(violation => $"{violation.Path}: {violation.Problem}"));
    }

    /// <summary>Evaluations within epochs are items, which are counted on.</summary>
    [Theory]
    [InlineData(0, 0, null)]
    [InlineData(3, 3, null)]
    [InlineData(3, 0, "must be 3 as in job j-1, whose record of items goes on")]
    [InlineData(0, 3, "must be left out as in job j-1, whose record of items goes on")]
    public void Evaluations_within_epochs_go_on_as_they_were(uint source, uint fork, string? problem)
    {
        var violations = OriginFit.Check(WithEvery(fork), WithEvery(source), new CheckpointSummary { Epochs = 1 }, () => Plain);

        Assert.Equal(
            problem is null ? [] : [("training.evaluate_every_steps", $"{problem}; training.init.from.take: weights begins at step 0 with its weights, whatever else differs")],
            violations.Select(violation => (violation.Path, violation.Problem)));
    }

    private static JobSpec WithEvery(uint steps)
    {
        var spec = SpecOf("");
        if (steps > 0)
        {
            spec.Training.EvaluateEverySteps = steps;
        }

        return spec;
    }

    private static JobSpec SpecOf(string averaging, string more = "")
    {
        var lines = averaging.Length == 0 ? "" : $"\n  averaging: {{{averaging}}}";
        return JobRules.WithDefaults(JobFile.Parse(
            $$$"""
            name: fork
            model: {zoo: lenet}
            data: {dataset: fashion-mnist}
            training:
              epochs: 5
              batch_size: 32
              optimizer: {sgd: {lr: 0.1}}
              init: {from: {job: j-1, checkpoint: last}}{{{lines}}}{{{more}}}
            """,
            "j.yaml"));
    }
}
