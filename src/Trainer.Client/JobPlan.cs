using Trainer.Kernels.Training;
using Trainer.Protos;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Client;

/// <summary>A job in the words of Trainer.Kernels: the same model and recipe that a <see cref="LocalTrainer"/> takes, and with the same seed and batch size the same bits.</summary>
/// <param name="Name">At most 63 lower-case letters, digits and hyphens.</param>
/// <param name="Recipe">With the number of its epochs.</param>
/// <param name="Data">As the data section of a job file; the cluster's processes read it.</param>
/// <param name="BatchSize">Samples of one step, on all workers together.</param>
public sealed record JobPlan(string Name, Model Model, TrainingRecipe Recipe, Data Data, int BatchSize)
{
    public ulong Seed { get; init; }

    /// <summary>How many workers it takes, of which device, how urgent it is; null: as many as it can use.</summary>
    public ClusterSection? Cluster { get; init; }

    /// <summary>The job as the API takes it. What it leaves out has the cluster's defaults.</summary>
    /// <exception cref="ArgumentException">The recipe does not say how many epochs there are, or does not fit the model.</exception>
    public JobSpec ToSpec()
    {
        if (Recipe.Epochs is null)
        {
            throw new ArgumentException("A job ends after a number of epochs, and the recipe says none: give TrainingRecipe.Epochs.");
        }

        Recipe.CheckFits(Model);
        var training = JobFile.SectionOfJson<Protos.Training>(Recipe.ToJson());
        (training.BatchSize, training.Seed) = (checked((uint)BatchSize), Seed);
        return new JobSpec { Name = Name, Model = JobFile.ModelOfJson(Model.ToJson()), Data = Data, Training = training, Cluster = Cluster };
    }
}
