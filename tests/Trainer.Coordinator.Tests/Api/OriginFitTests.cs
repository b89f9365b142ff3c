using Trainer.Coordinator.Api;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

public sealed class OriginFitTests
{
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
        var violations = OriginFit.Check(SpecOf(fork), SpecOf(source), new CheckpointSummary { Epochs = 1 });

        Assert.Equal(
            problem is null ? [] : [("training.averaging", $"{problem}; training.init.from.take: weights begins at step 0 with its weights, whatever else differs")],
            violations.Select(violation => (violation.Path, violation.Problem)));
    }

    /// <summary>Evaluations within epochs are items, which are counted on.</summary>
    [Theory]
    [InlineData(0, 0, null)]
    [InlineData(3, 3, null)]
    [InlineData(3, 0, "must be 3 as in job j-1, whose record of items goes on")]
    [InlineData(0, 3, "must be left out as in job j-1, whose record of items goes on")]
    public void Evaluations_within_epochs_go_on_as_they_were(uint source, uint fork, string? problem)
    {
        var violations = OriginFit.Check(WithEvery(fork), WithEvery(source), new CheckpointSummary { Epochs = 1 });

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

    private static JobSpec SpecOf(string averaging)
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
              init: {from: {job: j-1, checkpoint: last}}{{{lines}}}
            """,
            "j.yaml"));
    }
}
