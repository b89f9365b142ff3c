using Trainer.Hosting.Artifacts;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Sections;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;
using Trainer.Node.States;
using Trainer.Protos;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Node.Training;

/// <summary>What a worker holds for a job as long as it serves it, whoever the other members are: model, data, recipe, and the two states that it trains.</summary>
internal sealed class TrainingJob : IDisposable
{
    private StatePair? _states;

    private TrainingJob(JobSpec spec, JobParameters parameters, Schedule schedule, DataPipeline data, Model model, TrainingRecipe recipe, Device device)
    {
        (Spec, Parameters, Schedule, Data, Model, Recipe, Device) = (spec, parameters, schedule, data, model, recipe, device);
        Best = new BestMetric(spec.Cluster?.Checkpoint?.Best ?? "");
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

    /// <summary>What its files say beside weights; null: classes have no names, or those of the known data set that the job names.</summary>
    public ArtifactFacts? Facts => Data.Train.ClassNames is { Count: > 0 } names && KnownDataSet.All.FirstOrDefault(set => set.Name == Spec.Data.Dataset)?.ClassNames.Count is null or 0
        ? new ArtifactFacts(names, Model.Input)
        : null;

    /// <summary>Of the current state.</summary>
    public CheckpointFacts FactsNow() => new(States.Current.Progress, Model) { ClassNames = Facts?.ClassNames };

    /// <summary>Once they are laid out.</summary>
    public StatePair States => _states ?? throw new InvalidOperationException("The states are not laid out.");

    /// <summary>Reads data and model; nothing lies on the device before <see cref="LayOut"/>.</summary>
    /// <param name="lastItem">Where the schedule ends; null: with the last epoch.</param>
    /// <exception cref="DataFileException">The data cannot be read.</exception>
    /// <exception cref="IOException">The data is not what the job was submitted with.</exception>
    /// <exception cref="Kernels.ModelException">The model does not fit the data or the recipe.</exception>
    /// <param name="skipped">Told of each sample that is broken and counts for nothing, where the job says so.</param>
    /// <param name="pack">The file of the data set that was pushed; null: the job names none.</param>
    public static TrainingJob Load(JobSpec spec, Device device, ulong? lastItem = null, Action<string>? skipped = null, string? pack = null)
    {
        var (train, test) = DataSection.Describe(JobFile.SectionJson(pack is null ? spec.Data : DataSetFiles.At(spec.Data, pack)));
        var recipe = BrokenSamples.RecipeOf(spec);
        using (Rehearsal.Start(device, spec, recipe, BuildModel))
        {
            train.Load();
            test.Load();
        }

        if (DataIds.Of(train, test)?.Refuse(spec.Data.ContentId, spec.Data.DecoderId) is var (_, problem))
        {
            throw new IOException($"This worker is refused: {problem}."); // The job's data may be as it was: others can do it.
        }

        var model = BuildModel();
        var parameters = JobParameters.Of(spec, model, recipe);
        (train, test) = (BrokenSamples.Skipping(spec, recipe, train, Tell), BrokenSamples.Skipping(spec, recipe, test, Tell));
        recipe.CheckFits(model);
        var schedule = parameters.ScheduleOf(train.Count, test.Count, lastItem);
        return new TrainingJob(spec, parameters, schedule, new DataPipeline(train, test, parameters.Seed, parameters.Shuffle), model, recipe, device);

        Model BuildModel() => JobParameters.BuildModel(spec.Model, train.Shape, train.Labels.Or(test.Labels).Classes(spec.Training.IgnoredLabel));

        void Tell(string broken) => skipped?.Invoke(broken);
    }

    /// <summary>Whether the current state is the last one: of the schedule, or because training stops early. A function of the state, so all members agree.</summary>
    public bool IsDone => States.Current.Progress is var progress
        && (progress.Step >= Schedule.LastItem || progress.OpenEpoch.Samples == 0 && Recipe.EarlyStopping?.EndsAfter(progress.Epochs) == true);

    public void LayOut() => _states = StatePair.Create(Device, ParameterLayout.Of(Model, Recipe.Loss.HasWeights), Recipe);

    public void Dispose()
    {
        Data.Dispose();
        _states?.Dispose();
    }
}
