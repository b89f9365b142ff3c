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
            Averaging = training.Get<Averaging>("averaging"),
            Loss = training.Get<Loss>("loss") ?? new CrossEntropy(),
            ParameterGroups = training.Get<IReadOnlyList<ParameterGroup>>("parameter_groups") ?? [],
            ClipGradNorm = training.Get<double?>("clip_grad_norm"),
            Precision = new Precision(training.Get<ComputePrecision>("compute"), training.Get<GradientPrecision>("gradients")),
            Schedule = training.Get<LearningRateSchedule>("schedule") ?? LearningRateSchedule.Constant,
        };
    });

    public static TrainingRecipe Read(string json, string data)
    {
        var recipe = Read(json);
        return JsonValue.Parse(data, "data", section =>
        {
            var fields = new JobSection(section);
            var loss = fields.Get<string>("on_error") == "skip" && recipe.Loss is CrossEntropy entropy ? entropy.Skipping() : recipe.Loss;
            var field = fields.Get<CsvLabels>("csv") is { Labels: "several" } ? "data.csv.labels" : fields.Get<string>("labels") == "several" ? "data.labels" : null;
            if (field is not null)
            {
                loss = loss is BinaryCrossEntropy binary ? binary with { OneHot = false } : throw new ModelException(
                    "training.loss", $"takes one label of each picture, and {field} is several; bce_with_logits judges each class by itself");
            }

            return recipe with { Loss = fields.Has("mixup") || fields.Has("cutmix") ? loss with { MixesLabels = true } : loss };
        });
    }

    /// <summary>Of the section that says where tables are.</summary>
    private sealed record CsvLabels(string Train, string? Test = null, string Labels = "one");

    /// <summary>What <see cref="Read(string)"/> reads the same recipe from; what is as it is by default is left out.</summary>
    public static string Write(TrainingRecipe recipe) => JsonText.Write(json =>
    {
        var training = new JobSectionWriter(json);
        training.Put("epochs", recipe.Epochs);
        training.Put("optimizer", recipe.Optimizer);
        training.Put("early_stopping", recipe.EarlyStopping);
        training.Put("averaging", recipe.Averaging);
        training.Put("loss", recipe.Loss);
        training.Put("parameter_groups", recipe.ParameterGroups.Count > 0 ? recipe.ParameterGroups : null);
        training.Put("clip_grad_norm", recipe.ClipGradNorm);
        training.Put<ComputePrecision?>("compute", recipe.Precision.Compute == ComputePrecision.Exact ? null : recipe.Precision.Compute);
        training.Put<GradientPrecision?>("gradients", recipe.Precision.Gradients == GradientPrecision.Float32 ? null : recipe.Precision.Gradients);
        training.Put("schedule", recipe.Schedule == LearningRateSchedule.Constant ? null : recipe.Schedule);
    });
}
