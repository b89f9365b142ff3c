using System.Text.Json.Nodes;

namespace Trainer.Differential.Tests.Generation;

/// <summary>What the options of a recipe depend on.</summary>
/// <param name="Outputs">Scores of a sample.</param>
/// <param name="Labels">Classes that the data has.</param>
/// <param name="None">The label of images that have none; null: all have one.</param>
/// <param name="HasStatistics">Whether the model has running statistics.</param>
internal sealed record RecipeScene(int Outputs, IReadOnlyList<int> Labels, int? None, int Epochs, int StepsPerEpoch, bool HasStatistics);

/// <summary>How losses, optimizers and schedules are drawn: one row per kind, as in PyTorch/recipe.py.</summary>
internal static class RecipeRows
{
    public static IReadOnlyDictionary<string, Func<Draw, RecipeScene, JsonObject>> Losses { get; } = Rows(
        ("cross_entropy", CrossEntropy),
        ("mse", (draw, _) => new JsonObject().Maybe(draw, "reduction", () => draw.Of("mean", "sum"), 0.6)),
        ("bce_with_logits", BceWithLogits));

    public static IReadOnlyDictionary<string, Func<Draw, RecipeScene, JsonObject>> Optimizers { get; } = Rows(
        ("sgd", Sgd),
        ("adam", Adam),
        ("adamw", Adam),
        ("rmsprop", RmsProp),
        ("adagrad", Adagrad));

    public static IReadOnlyDictionary<string, Func<Draw, RecipeScene, JsonObject>> Schedules { get; } = Rows(
        ("constant", (_, _) => []),
        ("step", (draw, _) => new JsonObject { ["step_size"] = draw.Between(1, 2) }.Maybe(draw, "gamma", () => draw.Real(0.1, 1.5), 0.6)),
        ("multi_step", MultiStep),
        ("exponential", (draw, _) => new JsonObject { ["gamma"] = draw.Real(0.2, 1.3) }),
        ("cosine", (draw, scene) => new JsonObject().Maybe(draw, "t_max", () => draw.Between(1, scene.Epochs + 1)).Maybe(draw, "eta_min", () => draw.Real(1e-4, 1e-2))),
        ("one_cycle", OneCycle),
        ("reduce_on_plateau", ReduceOnPlateau));

    public static IReadOnlyDictionary<string, Func<Draw, RecipeScene, JsonObject>> Averagings { get; } = Rows(
        ("ema", (draw, _) => new JsonObject().Maybe(draw, "decay", () => draw.Real(0, 0.99), 0.8)),
        ("swa", (draw, scene) => new JsonObject { ["start_epoch"] = draw.Between(1, scene.Epochs) }));

    public static JsonObject Warmup(Draw draw, RecipeScene scene)
    {
        var warmup = scene.Epochs > 1 && draw.Chance(0.4)
            ? new JsonObject { ["epochs"] = draw.Between(1, scene.Epochs - 1) }
            : new JsonObject { ["steps"] = draw.Between(1, Math.Max(1, (scene.Epochs * scene.StepsPerEpoch) - 1)) };
        return warmup.Maybe(draw, "start_factor", () => draw.Real(0.05, 1), 0.5);
    }

    /// <summary>A loss of the kinds there are; one that can leave images out where some have no label.</summary>
    public static JsonObject? Loss(Draw draw, RecipeScene scene)
    {
        var kind = scene.None is null ? draw.Of([.. Losses.Keys]) : "cross_entropy";
        return scene.None is not null || draw.Chance(0.6) ? new JsonObject { [kind] = Losses[kind](draw, scene) } : null;
    }

    /// <summary>One of the kinds there are; of the ends of epochs only where no batch norm is in the model.</summary>
    public static JsonObject Averaging(Draw draw, RecipeScene scene)
    {
        var kind = scene.HasStatistics ? "ema" : draw.Of([.. Averagings.Keys]);
        return new JsonObject { [kind] = Averagings[kind](draw, scene) };
    }

    private static JsonObject CrossEntropy(Draw draw, RecipeScene scene) => new JsonObject()
        .Maybe(draw, "class_weights", () => ClassWeights(draw, scene), 0.25)
        .Maybe(draw, "ignore_index", () => scene.None ?? draw.Of([-100, .. scene.Labels]), scene.None is null ? 0.25 : 1)
        .Maybe(draw, "label_smoothing", () => draw.Real(0.01, 1), 0.3);

    private static JsonObject BceWithLogits(Draw draw, RecipeScene scene) => new JsonObject()
        .Maybe(draw, "weight", () => ClassWeights(draw, scene)).Maybe(draw, "pos_weight", () => ClassWeights(draw, scene))
        .Maybe(draw, "reduction", () => draw.Of("mean", "sum"), 0.6);

    private static JsonArray ClassWeights(Draw draw, RecipeScene scene) => new([.. Enumerable.Range(0, scene.Outputs).Select(_ => (JsonNode)draw.Real(0.1, 4))]);

    private static JsonObject Sgd(Draw draw, RecipeScene scene)
    {
        var options = new JsonObject { ["lr"] = draw.Real(1e-3, 0.2) }.Maybe(draw, "momentum", () => draw.Real(0.1, 0.99), 0.6).Maybe(draw, "weight_decay", () => draw.Real(1e-4, 0.1));
        return options.ContainsKey("momentum") && draw.Chance(0.4)
            ? options.Maybe(draw, "nesterov", () => true, 1)
            : options.Maybe(draw, "dampening", () => draw.Real(0.05, 1), 0.2);
    }

    private static JsonObject Adam(Draw draw, RecipeScene scene) => new JsonObject()
        .Maybe(draw, "lr", () => draw.Real(1e-4, 1e-2), 0.7).Maybe(draw, "beta1", () => draw.Real(0.5, 0.95), 0.3).Maybe(draw, "beta2", () => draw.Real(0.8, 0.9999), 0.3)
        .Maybe(draw, "eps", () => draw.Real(1e-8, 1e-2), 0.4).Maybe(draw, "weight_decay", () => draw.Real(1e-3, 0.2));

    private static JsonObject RmsProp(Draw draw, RecipeScene scene) => new JsonObject()
        .Maybe(draw, "lr", () => draw.Real(1e-4, 1e-2), 0.7).Maybe(draw, "alpha", () => draw.Real(0.5, 0.99)).Maybe(draw, "eps", () => draw.Real(1e-8, 1e-2))
        .Maybe(draw, "weight_decay", () => draw.Real(1e-3, 0.2)).Maybe(draw, "momentum", () => draw.Real(0.1, 0.95)).Maybe(draw, "centered", () => draw.Chance(0.8));

    private static JsonObject Adagrad(Draw draw, RecipeScene scene) => new JsonObject()
        .Maybe(draw, "lr", () => draw.Real(1e-4, 1e-2), 0.7).Maybe(draw, "lr_decay", () => draw.Real(1e-3, 1)).Maybe(draw, "eps", () => draw.Real(1e-8, 1e-2))
        .Maybe(draw, "weight_decay", () => draw.Real(1e-3, 0.2)).Maybe(draw, "initial_accumulator_value", () => draw.Real(1e-3, 1));

    private static JsonObject MultiStep(Draw draw, RecipeScene scene)
    {
        var milestones = Enumerable.Range(1, 4).Where(_ => draw.Chance(0.5)).Select(epoch => (JsonNode)epoch).ToArray();
        return new JsonObject { ["milestones"] = milestones.Length > 0 ? new JsonArray(milestones) : 1 }.Maybe(draw, "gamma", () => draw.Real(0.1, 1.5));
    }

    /// <summary>Impatient, as there are few epochs.</summary>
    private static JsonObject ReduceOnPlateau(Draw draw, RecipeScene scene)
    {
        var options = new JsonObject().Maybe(draw, "metric", () => draw.Of("train_loss", "test_loss", "accuracy"), 0.7);
        options.Maybe(draw, "mode", () => (string?)options["metric"] == "accuracy" ? "max" : "min", (string?)options["metric"] == "accuracy" ? 1 : 0.3);
        return options.Maybe(draw, "factor", () => draw.Real(0.1, 0.9)).Maybe(draw, "patience", () => draw.Between(0, 1), 0.8).Maybe(draw, "threshold", () => draw.Real(1e-3, 0.5))
            .Maybe(draw, "threshold_mode", () => draw.Of("rel", "abs"), 0.5).Maybe(draw, "cooldown", () => draw.Between(0, 1)).Maybe(draw, "min_lr", () => draw.Real(1e-4, 1e-2))
            .Maybe(draw, "eps", () => draw.Real(1e-9, 1e-2));
    }

    private static JsonObject OneCycle(Draw draw, RecipeScene scene) => new JsonObject { ["max_lr"] = draw.Real(1e-3, 0.1) }
        .Maybe(draw, "pct_start", () => draw.Chance(0.3) ? draw.Of(0, 0.1, 0.2, 0.25, 0.5, 1) : draw.Real(0.05, 0.95), 0.6)
        .Maybe(draw, "div_factor", () => draw.Real(1, 50)).Maybe(draw, "final_div_factor", () => draw.Real(1, 1e5));

    private static Dictionary<string, Func<Draw, RecipeScene, JsonObject>> Rows(params IEnumerable<(string Kind, Func<Draw, RecipeScene, JsonObject> Row)> rows) =>
        rows.ToDictionary(row => row.Kind, row => row.Row, StringComparer.Ordinal);
}
