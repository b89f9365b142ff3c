using Trainer.Differential.Tests.Generation;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Sections;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;
using Trainer.Protos;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Differential.Tests.Running;

/// <summary>A case's job file as the library understands it.</summary>
internal sealed record LoadedJob(Protos.Training Training, bool Shuffle, DataSet Train, DataSet Evaluation, Model Model, TrainingRecipe Recipe)
{
    public int BatchSize => (int)Training.BatchSize;

    public int Shards => Training.HasShards ? (int)Training.Shards : ShardTree.DefaultShards(BatchSize);

    public int? BatchNormShards => Training.HasBatchNormShards ? (int)Training.BatchNormShards : null;

    public int StepsPerEpoch => ((Train.Count - 1) / BatchSize) + 1;

    /// <exception cref="JobFileException">The file does not say what a job file says.</exception>
    /// <exception cref="Kernels.ModelException">Layers, data and recipe do not fit.</exception>
    public static LoadedJob Read(string folder)
    {
        var spec = JobFile.Read(Path.Combine(folder, Case.JobFile));
        var (train, evaluation) = DataSection.Load(JobFile.SectionJson(spec.Data));
        var model = Model.FromJson(JobFile.ModelJson(spec.Model), train.Shape);
        var recipe = TrainingRecipe.FromJson(JobFile.SectionJson(spec.Training));
        recipe.CheckFits(model);
        return new LoadedJob(spec.Training, !spec.Data.HasShuffle || spec.Data.Shuffle, train, evaluation, model, recipe);
    }
}
