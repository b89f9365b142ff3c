using Trainer.Kernels.Training;
using Trainer.Protos;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Coordinator.Api;

/// <summary>Whether a job can start from a checkpoint of another one. Pure.</summary>
internal static class OriginFit
{
    private const string Weights = "weights";
    private const string Instead = "; training.init.from.take: weights begins at step 0 with its weights, whatever else differs";

    public static bool TakesState(InitFrom from) => from.Take != Weights;

    /// <param name="spec">With defaults filled in, as the other.</param>
    /// <param name="model">That of the spec.</param>
    public static IReadOnlyList<FieldViolation> Check(JobSpec spec, JobSpec source, CheckpointSummary checkpoint, Func<Model> model)
    {
        var from = spec.Training.Init.From;
        return [.. IsOfItsModel(spec, source, from.Job), .. TakesState(from) ? GoesOn(spec, source, from.Job, checkpoint).Concat(EstimatesAlike(spec, source, from.Job, checkpoint, model)) : []];
    }

    private static IEnumerable<FieldViolation> IsOfItsModel(JobSpec spec, JobSpec source, string job)
    {
        if (!spec.Model.Equals(source.Model))
        {
            yield return new FieldViolation("model", $"must be that of job {job}, which the job starts from; another one takes what fits of exported weights: init.weights with strict: false");
        }
    }

    // What the items of a schedule are must be as it was, else the state would be one behind something else.
    private static IEnumerable<FieldViolation> GoesOn(JobSpec spec, JobSpec source, string job, CheckpointSummary checkpoint)
    {
        if (!spec.Data.Equals(source.Data))
        {
            yield return new FieldViolation("data", $"must be that of job {job}, whose training goes on{Instead}");
        }

        if (spec.Training.BatchSize != source.Training.BatchSize)
        {
            yield return new FieldViolation("training.batch_size", $"must be {source.Training.BatchSize}, that of job {job}, whose training goes on, got {spec.Training.BatchSize}{Instead}");
        }

        if (spec.Training.Seed != source.Training.Seed)
        {
            yield return new FieldViolation("training.seed", $"must be {source.Training.Seed}, that of job {job}, whose order of images goes on, got {spec.Training.Seed}{Instead}");
        }

        if (spec.Training.EvaluateEverySteps != source.Training.EvaluateEverySteps)
        {
            var expected = source.Training.HasEvaluateEverySteps ? $"must be {source.Training.EvaluateEverySteps} as in job {job}" : $"must be left out as in job {job}";
            yield return new FieldViolation("training.evaluate_every_steps", $"{expected}, whose record of items goes on{Instead}");
        }

        if (spec.Training.Optimizer.KindCase != source.Training.Optimizer.KindCase || !Recipe(spec).Optimizer.StateNames.SequenceEqual(Recipe(source).Optimizer.StateNames))
        {
            yield return new FieldViolation("training.optimizer", $"must keep what that of job {job} keeps, whose state goes on{Instead}");
        }

        if (spec.Training.Averaging?.KindCase != source.Training.Averaging?.KindCase)
        {
            var difference = source.Training.Averaging is { } averaging
                ? $"must be {averaging.KindCase.ToString().ToLowerInvariant()} as in job {job}, whose average goes on"
                : $"must be left out as in job {job}, whose state goes on";
            yield return new FieldViolation("training.averaging", $"{difference}{Instead}");
        }

        if (Recipe(spec).Loss.HasWeights != Recipe(source).Loss.HasWeights)
        {
            yield return new FieldViolation("training.loss", $"must weigh or ignore classes as that of job {job} does, whose state has a place for it and goes on{Instead}");
        }

        if (spec.Training.Epochs <= checkpoint.Epochs)
        {
            yield return new FieldViolation("training.epochs", $"must be more than the {checkpoint.Epochs} that the checkpoint has behind it, got {spec.Training.Epochs}");
        }
    }

    // Estimates are items behind each epoch from one on: where that epoch has begun in either job, another one would make other items of those that are done.
    private static IEnumerable<FieldViolation> EstimatesAlike(JobSpec spec, JobSpec source, string job, CheckpointSummary checkpoint, Func<Model> model)
    {
        var averages = spec.Training.Averaging?.KindCase == Protos.Averaging.KindOneofCase.Swa && source.Training.Averaging?.KindCase == Protos.Averaging.KindOneofCase.Swa;
        var (first, before) = averages ? (Recipe(spec).FirstEstimate(model()), Recipe(source).FirstEstimate(model())) : default;
        if (first != before && Math.Min(first ?? int.MaxValue, before ?? int.MaxValue) <= checkpoint.Epochs + 1)
        {
            yield return new FieldViolation(
                first is null || before is null ? "training.parameter_groups" : "training.averaging.swa.start_epoch",
                $"running statistics for the averaged weights are estimated {From(before)} in job {job}, whose record of items goes on, and {From(first)} here: the checkpoint is in epoch {checkpoint.Epochs + 1}{Instead}");
        }

        static string From(int? epoch) => epoch is null ? "in no epoch" : $"from epoch {epoch} on";
    }

    private static TrainingRecipe Recipe(JobSpec spec) => TrainingRecipe.FromJson(JobFile.SectionJson(spec.Training), JobFile.SectionJson(spec.Data));
}
