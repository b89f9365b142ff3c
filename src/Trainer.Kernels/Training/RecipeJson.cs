using Trainer.Kernels.Devices;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Training;

/// <summary>The training section of a job file in its JSON form, as far as it says what one step is.</summary>
internal static class RecipeJson
{
    public static TrainingRecipe Read(string json) => JsonValue.Parse(json, "training", section =>
    {
        var training = new JobSection(section);
        return new TrainingRecipe(training.Require<Optimizer>("optimizer"))
        {
            Epochs = training.Require<int>("epochs"),
            EarlyStopping = training.Get<EarlyStopping>("early_stopping"),
            Loss = training.Get<Loss>("loss") ?? new CrossEntropy(),
            ParameterGroups = training.Get<IReadOnlyList<ParameterGroup>>("parameter_groups") ?? [],
            ClipGradNorm = training.Get<double?>("clip_grad_norm"),
            Precision = new Precision(training.Get<ComputePrecision>("compute"), training.Get<GradientPrecision>("gradients")),
            Schedule = training.Get<LearningRateSchedule>("schedule") ?? LearningRateSchedule.Constant,
        };
    });
}
