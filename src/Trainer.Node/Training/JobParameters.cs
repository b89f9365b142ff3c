using Trainer.Kernels;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;
using Trainer.Protos;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Node.Training;

/// <summary>What a job's specification comes to on a worker.</summary>
/// <param name="GroupShards">Shards of a batch norm group.</param>
/// <param name="EvaluateEvery">Epochs.</param>
public sealed record JobParameters(int BatchSize, int Shards, int GroupShards, int Epochs, int EvaluateEvery, ulong Seed, bool Shuffle)
{
    /// <summary>Steps, within epochs; 0: not.</summary>
    public int EvaluateEverySteps { get; init; }

    /// <summary>The first epoch behind whose training statistics of the averaged weights are estimated; null: never.</summary>
    public int? FirstEstimate { get; init; }

    /// <summary>Whether a last batch that is shorter than the others is left out.</summary>
    public bool DropLast { get; init; }

    public static JobParameters Of(JobSpec spec, Model model, TrainingRecipe recipe)
    {
        var training = spec.Training;
        var batchSize = (int)training.BatchSize;
        var shards = training.HasShards ? (int)training.Shards : ShardTree.DefaultShards(batchSize);
        return new JobParameters(
            batchSize,
            shards,
            training.HasBatchNormShards ? (int)training.BatchNormShards : model.GroupShards(batchSize, shards),
            (int)training.Epochs,
            training.HasEvaluateEveryEpochs ? (int)training.EvaluateEveryEpochs : 1,
            training.Seed,
            !spec.Data.HasShuffle || spec.Data.Shuffle)
        {
            DropLast = spec.Data.DropLast,
            FirstEstimate = recipe.FirstEstimate(model),
            EvaluateEverySteps = (int)training.EvaluateEverySteps,
        };
    }

    /// <param name="lastItem">Where it ends before its last epoch does; null: with that.</param>
    /// <exception cref="ModelException">It evaluates too often.</exception>
    public Schedule ScheduleOf(int trainSamples, int testSamples, ulong? lastItem)
    {
        var schedule = new Schedule(EpochSamplesOf(trainSamples), testSamples, BatchSize, Epochs, lastItem, EvaluateEvery, EvaluateEverySteps, FirstEstimate);
        return EvaluationLimit.Refuse(EvaluateEverySteps, schedule.StepsPerEpoch, Epochs) is { } problem ? throw new ModelException("training.evaluate_every_steps", problem) : schedule;
    }

    /// <summary>Training samples of an epoch.</summary>
    /// <param name="all">That there are.</param>
    public int EpochSamplesOf(int all) => DropLast ? all / BatchSize * BatchSize : all;

    /// <exception cref="ModelException">The model does not fit the data.</exception>
    public static Model BuildModel(Protos.Model model, Shape input, int classes) => model.Zoo.Length > 0
        ? Zoo.Create(model.Zoo, input, model.HasClasses ? (int)model.Classes : classes, OptionsOf(model))
        : Model.FromJson(JobFile.ModelJson(model), input);

    private static ZooOptions OptionsOf(Protos.Model model) => new(model.HasWidth ? model.Width : 1, model.HasDropout ? model.Dropout : null, ZooOptions.VariantOf(model.Variant));
}
