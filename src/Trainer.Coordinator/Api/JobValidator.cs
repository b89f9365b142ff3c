using System.Numerics;
using Trainer.Hosting.Files;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;
using Trainer.Protos;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Coordinator.Api;

/// <summary>A job with everything filled in that its author left open, or what is wrong with it.</summary>
public sealed record CheckedJob(JobSpec Spec, IReadOnlyList<FieldViolation> Violations);

/// <summary>Finds out before a job is stored whether it can run: rules, data, shapes, and how they fit each other.</summary>
/// <param name="files">That jobs may read.</param>
public sealed class JobValidator(DataCatalog catalog, FileRoots files)
{
    public CheckedJob Check(JobSpec? given)
    {
        if (given is null)
        {
            return new CheckedJob(new JobSpec(), [new FieldViolation("spec", "is required")]);
        }

        var violations = JobRules.Validate(given);
        if (violations.Count > 0)
        {
            return new CheckedJob(given, violations);
        }

        var spec = JobRules.WithDefaults(given);
        if (!spec.Training.HasShards)
        {
            spec.Training.Shards = (uint)ShardTree.DefaultShards((int)spec.Training.BatchSize);
        }

        // Once more, now that what depends on the number of shards is known; the limit of workers follows from it.
        violations = JobRules.Validate(spec);
        if (!spec.Cluster.HasMaxWorkers)
        {
            spec.Cluster.MaxWorkers = spec.Training.Shards;
        }

        violations = violations.Count > 0 ? violations : [.. files.Refuse(spec)];
        return violations.Count > 0 ? new CheckedJob(spec, violations) : CheckAgainstData(spec);
    }

    private CheckedJob CheckAgainstData(JobSpec spec)
    {
        try
        {
            catalog.Resolve(spec.Data);
            var facts = catalog.Inspect(spec.Data);
            if (spec.Model.Zoo.Length > 0 && !spec.Model.HasClasses)
            {
                spec.Model.Classes = (uint)facts.Labels.Classes(spec.Training.IgnoredLabel);
            }

            if (BatchBounds.Refuse(spec.Training.BatchSize, facts.Shape) is { } problem)
            {
                return new CheckedJob(spec, [new FieldViolation("training.batch_size", problem)]);
            }

            if (facts.Ids is { } ids)
            {
                if (ids.Refuse(spec.Data.ContentId, spec.Data.DecoderId) is var (field, other))
                {
                    return new CheckedJob(spec, [new FieldViolation($"data.{field}", other)]);
                }

                (spec.Data.ContentId, spec.Data.DecoderId) = (ids.Content, ids.Decoder);
            }

            var model = Build(spec.Model, facts);
            var violations = Misfits(spec, model, facts).Concat(Groups(spec, model, facts)).ToList();
            if (violations.Count == 0)
            {
                CheckRecipe(spec, model);
            }

            return new CheckedJob(spec, violations);
        }
        catch (DataFileException e)
        {
            return new CheckedJob(spec, [new FieldViolation(PathOf(spec, e.File), e.Message)]);
        }
        catch (ModelException e)
        {
            return new CheckedJob(spec, [new FieldViolation(e.Path, e.Problem)]);
        }
    }

    /// <summary>The model of a job whose data are those.</summary>
    /// <exception cref="ModelException">There is no such model.</exception>
    public static Model Build(Protos.Model model, DataFacts facts)
    {
        try
        {
            var built = model.Zoo.Length > 0
                ? Zoo.Create(model.Zoo, facts.Shape, (int)model.Classes, new ZooOptions(model.Width, model.HasDropout ? model.Dropout : null, ZooOptions.VariantOf(model.Variant)))
                : Model.FromJson(JobFile.ModelJson(model), facts.Shape);
            _ = built.Classes;
            return built;
        }
        catch (ModelException e)
        {
            throw new ModelException($"model.{e.Path}", e.Problem);
        }
    }

    private static void CheckRecipe(JobSpec spec, Model model)
    {
        TrainingRecipe.FromJson(JobFile.SectionJson(spec.Training), JobFile.SectionJson(spec.Data)).CheckFits(model);
        if (spec.Training.Init is { Weights.Length: > 0 } init)
        {
            WarmStart.Check(ParameterLayout.Of(model), init.Weights, init.Strict, WeightSelection.FromJson(JobFile.SectionJson(init)));
        }
    }

    private static IEnumerable<FieldViolation> Misfits(JobSpec spec, Model model, DataFacts facts)
    {
        if (facts.Labels.Refuse(model.Classes, spec.Training.IgnoredLabel) is { } problem)
        {
            yield return new FieldViolation(spec.Model.Zoo.Length > 0 ? "model.classes" : "model.layers", $"gives {model.Classes} classes; {problem}");
        }

        if (spec.Data.DropLast && facts.TrainingSamples < spec.Training.BatchSize)
        {
            yield return new FieldViolation("data.drop_last", $"leaves nothing: {facts.TrainingSamples} training samples are fewer than a batch of {spec.Training.BatchSize}");
        }

        var samples = spec.Data.DropLast ? facts.TrainingSamples / spec.Training.BatchSize * spec.Training.BatchSize : facts.TrainingSamples;
        if (EvaluationLimit.Refuse(spec.Training.EvaluateEverySteps, Math.Max(1, ((samples - 1) / spec.Training.BatchSize) + 1), spec.Training.Epochs) is { } tooOften)
        {
            yield return new FieldViolation("training.evaluate_every_steps", tooOften);
        }

        if (facts.TestShape != facts.Shape)
        {
            yield return new FieldViolation(spec.Data.Idx is null ? "data.transforms.test" : "data.idx.test_images", $"has samples of {facts.TestShape}; the training set's are {facts.Shape}");
        }
    }

    /// <summary>Batch norm groups: fills in their size.</summary>
    private static IEnumerable<FieldViolation> Groups(JobSpec spec, Model model, DataFacts facts)
    {
        var (training, shards) = (spec.Training, (int)spec.Training.Shards);
        var batch = Math.Min((int)training.BatchSize, facts.TrainingSamples);
        var least = model.GroupShards(batch, shards);
        var group = training.HasBatchNormShards ? (int)training.BatchNormShards : least;
        if (group < least || group > shards || (group < shards && !BitOperations.IsPow2(group)))
        {
            yield return new FieldViolation(
                "training.batch_norm_shards", $"must be a power of two from {least} on, or all {shards} shards, got {group}: a group holds at least 32 samples");
            yield break;
        }

        if (!training.HasBatchNormShards && group > 1)
        {
            training.BatchNormShards = (uint)group;
        }

        int[] sizes = spec.Data.DropLast ? [batch] : [batch, ((facts.TrainingSamples - 1) % batch) + 1];
        foreach (var samples in sizes)
        {
            if (model.RefuseGroups(samples, shards, group) is { } problem)
            {
                yield return new FieldViolation("training.batch_size", problem);
            }
        }
    }

    private static string PathOf(JobSpec spec, string file) => file == spec.Training.Init?.Weights ? "training.init.weights" : DataPaths.Of(spec.Data, file);
}
