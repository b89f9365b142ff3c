using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Training;

/// <summary>The training section of a job file in its JSON form, as far as it says what one step is; field names of job.proto.</summary>
internal static class RecipeJson
{
    private static readonly Dictionary<string, Func<JsonOptions, Optimizer>> Optimizers = new(StringComparer.Ordinal)
    {
        ["sgd"] = json => new Sgd(
            json.RequiredReal("lr"), json.Real("momentum", 0), json.Real("weight_decay", 0), json.Real("dampening", 0), json.Flag("nesterov", false)),
        ["adam"] = json => new Adam(
            json.Real("lr", 1e-3), json.Real("beta1", 0.9), json.Real("beta2", 0.999), json.Real("eps", 1e-8), json.Real("weight_decay", 0)),
        ["adamw"] = json => new AdamW(
            json.Real("lr", 1e-3), json.Real("beta1", 0.9), json.Real("beta2", 0.999), json.Real("eps", 1e-8), json.Real("weight_decay", 0.01)),
    };

    private static readonly Dictionary<string, Func<JsonOptions, Loss>> Losses = new(StringComparer.Ordinal)
    {
        ["cross_entropy"] = json => new CrossEntropy(
            json.Reals("class_weights") is { Count: > 0 } weights ? weights : null,
            (int?)json.RealOrNone("ignore_index"),
            json.Real("label_smoothing", 0)),
        ["mse"] = json => new SquaredError(json.Choice("reduction", "mean", "sum") == "sum" ? SquaredErrorReduction.Sum : SquaredErrorReduction.Mean),
    };

    public static TrainingRecipe Read(string json, int stepsPerEpoch) => JsonOptions.ReadObject(json, "training", training =>
    {
        training.LeaveOut("batch_size", "shards", "seed", "init", "batch_norm_shards");
        var epochs = training.Required("epochs");
        return new TrainingRecipe(training.Kind("optimizer", Optimizers) ?? throw training.Refuse("has no optimizer"))
        {
            Loss = training.Kind("loss", Losses) ?? new CrossEntropy(),
            ParameterGroups = training.ChildrenOrNone("parameter_groups", ReadGroup),
            ClipGradNorm = training.RealOrNone("clip_grad_norm"),
            Precision = new Precision(
                training.Choice("compute", "exact", "tf32") == "tf32" ? ComputePrecision.Tf32 : ComputePrecision.Exact,
                training.Choice("gradients", "fp32", "bf16") == "bf16" ? GradientPrecision.Bfloat16 : GradientPrecision.Float32),
            Schedule = training.Child("schedule", schedule => ReadSchedule(schedule, epochs, stepsPerEpoch)) ?? LearningRateSchedule.Constant,
        };
    });

    private static ParameterGroup ReadGroup(JsonOptions json) =>
        new(json.RequiredText("pattern"), json.RealOrNone("lr"), json.RealOrNone("weight_decay"), json.Flag("frozen", false));

    /// <summary>What a schedule does by default takes the epochs that warm-up leaves.</summary>
    private static LearningRateSchedule ReadSchedule(JsonOptions json, int epochs, int stepsPerEpoch)
    {
        var warmup = json.Child("warmup", warm => new Warmup(
            warm.RealOrNone("steps") is { } steps ? (long)steps : (long)warm.RequiredReal("epochs") * stepsPerEpoch, warm.Real("start_factor", 1.0 / 3)));
        var left = Math.Max(stepsPerEpoch, ((long)epochs * stepsPerEpoch) - (warmup?.Steps ?? 0));
        var schedule = json.Kind(Schedules((int)(left / stepsPerEpoch), left)) ?? LearningRateSchedule.Constant;
        return warmup is null ? schedule : new WarmupSchedule(warmup.Steps, warmup.StartFactor, schedule);
    }

    private static Dictionary<string, Func<JsonOptions, LearningRateSchedule>> Schedules(int epochs, long steps) => new(StringComparer.Ordinal)
    {
        ["constant"] = _ => LearningRateSchedule.Constant,
        ["step"] = json => new StepSchedule(json.Required("step_size"), json.Real("gamma", 0.1)),
        ["multi_step"] = json => new MultiStepSchedule([.. json.Reals("milestones").Select(milestone => (int)milestone)], json.Real("gamma", 0.1)),
        ["exponential"] = json => new ExponentialSchedule(json.RequiredReal("gamma")),
        ["cosine"] = json => new CosineSchedule(json.Whole("t_max", epochs), json.Real("eta_min", 0)),
        ["one_cycle"] = json => new OneCycleSchedule(
            json.RequiredReal("max_lr"), steps, json.Real("pct_start", 0.3), json.Real("div_factor", 25), json.Real("final_div_factor", 1e4)),
    };

    private sealed record Warmup(long Steps, double StartFactor);
}
