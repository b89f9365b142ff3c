using Trainer.Hosting.Artifacts;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Sections;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;
using Trainer.Protos;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Node.Training;

/// <summary>What a worker holds for a job as long as it serves it, whoever the other members are: model, data, recipe, and the two states that it trains.</summary>
internal sealed class TrainingJob : IDisposable
{
    private StatePair? _states;

    private TrainingJob(JobSpec spec, JobParameters parameters, DataPipeline data, Model model, TrainingRecipe recipe, Device device, ulong? lastItem)
    {
        (Spec, Parameters, Data, Model, Recipe, Device) = (spec, parameters, data, model, recipe, device);
        Best = new BestMetric(spec.Cluster?.Checkpoint?.Best ?? "");
        Schedule = new Schedule(data.Train.Count, data.Test.Count, parameters.BatchSize, parameters.Epochs, lastItem, parameters.EvaluateEvery);
    }

    public JobSpec Spec { get; }

    public JobParameters Parameters { get; }

    public DataPipeline Data { get; }

    public Model Model { get; }

    public TrainingRecipe Recipe { get; }

    public Device Device { get; }

    public Schedule Schedule { get; }

    /// <summary>The id of the arithmetic that it is computed in.</summary>
    public string Numerics => Recipe.Precision.NumericsIdOn(Device) ?? Device.NumericsId;

    /// <summary>None beside training means none at all, but where the job is suspended.</summary>
    public bool KeepsCheckpoints => Spec.Cluster?.Checkpoint is not { HasEverySeconds: true, EverySeconds: 0 };

    /// <summary>By what an epoch is the best.</summary>
    public BestMetric Best { get; }

    /// <summary>Once they are laid out.</summary>
    public StatePair States => _states ?? throw new InvalidOperationException("The states are not laid out.");

    /// <summary>Reads data and model; nothing lies on the device before <see cref="LayOut"/>.</summary>
    /// <param name="lastItem">Where the schedule ends; null: with the last epoch.</param>
    /// <exception cref="DataFileException">The data cannot be read.</exception>
    /// <exception cref="Kernels.ModelException">The model does not fit the data or the recipe.</exception>
    /// <param name="skipped">Told of each sample that is broken and counts for nothing, where the job says so.</param>
    public static TrainingJob Load(JobSpec spec, Device device, ulong? lastItem = null, Action<string>? skipped = null)
    {
        var (train, test) = DataSection.Load(JobFile.SectionJson(spec.Data));
        var model = JobParameters.BuildModel(spec.Model, train.Shape, train.Labels.Or(test.Labels).Classes(spec.Training.IgnoredLabel));
        var parameters = JobParameters.Of(spec, model);
        var recipe = TrainingRecipe.FromJson(JobFile.SectionJson(spec.Training));
        if (spec.Data.OnError == "skip" && recipe.Loss is Kernels.Training.CrossEntropy entropy)
        {
            recipe = recipe with { Loss = entropy.Skipping() };
            var label = recipe.Loss.Ignored!.Value;
            (train, test) = (train.Skipping(label, Tell), test.Skipping(label, Tell));
        }

        recipe.CheckFits(model);
        return new TrainingJob(spec, parameters, new DataPipeline(train, test, parameters.Seed, parameters.Shuffle), model, recipe, device, lastItem);

        void Tell(BrokenSampleException broken) => skipped?.Invoke(broken.Message);
    }

    /// <summary>Whether the current state is the last one: of the schedule, or because training stops early. A function of the state, so all members agree.</summary>
    public bool IsDone => States.Current.Progress is var progress
        && (progress.Step >= Schedule.LastItem || progress.OpenEpoch.Samples == 0 && Recipe.EarlyStopping?.EndsAfter(progress.Epochs) == true);

    public void LayOut() => _states = StatePair.Create(Device, ParameterLayout.Of(Model, Recipe.Loss.HasWeights), Recipe.Optimizer);

    public void Dispose()
    {
        Data.Dispose();
        _states?.Dispose();
    }
}
