using Google.Protobuf;
using Trainer.Kernels.Data;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Protos;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Coordinator.Api;

/// <summary>A job with everything filled in that its author left open, or what is wrong with it.</summary>
public sealed record CheckedJob(JobSpec Spec, IReadOnlyList<FieldViolation> Violations);

/// <summary>Finds out before a job is stored whether it can run: rules, data, shapes, and how they fit each other.</summary>
public sealed class JobValidator(DataCatalog catalog)
{
    private static readonly JsonFormatter AsInJobFile = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));

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

        return violations.Count > 0 ? new CheckedJob(spec, violations) : CheckAgainstData(spec);
    }

    private CheckedJob CheckAgainstData(JobSpec spec)
    {
        try
        {
            var facts = catalog.Inspect(spec.Data);
            if (spec.Model.Zoo.Length > 0 && !spec.Model.HasClasses)
            {
                spec.Model.Classes = (uint)facts.Classes;
            }

            var model = Build(spec.Model, facts);
            return new CheckedJob(spec, [.. Misfits(spec, model, facts)]);
        }
        catch (DataFileException e)
        {
            return new CheckedJob(spec, [new FieldViolation(PathOf(spec.Data, e.File), e.Message)]);
        }
        catch (ModelException e)
        {
            return new CheckedJob(spec, [new FieldViolation($"model.{e.Path}", e.Problem)]);
        }
    }

    private static Model Build(Protos.Model model, DataFacts facts) => model.Zoo.Length > 0
        ? Zoo.Create(model.Zoo, facts.Shape, (int)model.Classes)
        : Model.FromJson($"[{string.Join(',', model.Layers.Select(layer => AsInJobFile.Format(layer)))}]", facts.Shape);

    private static IEnumerable<FieldViolation> Misfits(JobSpec spec, Model model, DataFacts facts)
    {
        if (model.Classes < facts.Classes)
        {
            yield return new FieldViolation(
                spec.Model.Zoo.Length > 0 ? "model.classes" : "model.layers",
                $"gives {model.Classes} classes; the data's labels go up to {facts.Classes - 1} and need {facts.Classes}");
        }

        if (facts.TestShape != facts.Shape)
        {
            yield return new FieldViolation("data.idx.test_images", $"has samples of {facts.TestShape}; the training set's are {facts.Shape}");
        }

        if (spec.Training.BatchSize > facts.TrainingSamples)
        {
            yield return new FieldViolation(
                "training.batch_size", $"must be at most the training set's {facts.TrainingSamples} samples, got {spec.Training.BatchSize}");
        }
    }

    private static string PathOf(Data data, string file) => data.Idx is not { } idx ? "data.dataset"
        : file == idx.TrainImages ? "data.idx.train_images"
        : file == idx.TrainLabels ? "data.idx.train_labels"
        : file == idx.TestImages ? "data.idx.test_images"
        : file == idx.TestLabels ? "data.idx.test_labels"
        : "data.idx";
}
