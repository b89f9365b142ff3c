using System.Text.Json.Nodes;
using Trainer.Kernels;
using Trainer.Kernels.Models;

namespace Trainer.Differential.Tests.Generation;

/// <summary>Draws whole jobs. Images, batches and sets have prime and unequal sizes as often as others.</summary>
internal static class CaseGenerator
{
    private const int WildEvery = 12;
    private const byte None = 250;
    private const double Grouped = 0.2;

    public static Case Of(int seed)
    {
        var draw = new Draw(seed) { IsWild = seed % WildEvery == 0 };
        var image = new Shape(draw.Between(1, 3), draw.Between(3, 13), draw.Between(3, 13));
        var grouped = draw.Chance(Grouped);
        var batch = grouped ? draw.Between(64, 83) : draw.Between(1, 23);
        var labels = draw.Between(2, 6);
        var train = Images(draw, image, draw.Between(Math.Max(2, batch), (batch * (grouped ? 2 : 4)) + 1), labels);
        var test = Images(draw, image, draw.Between(1, 19), labels);
        var none = (int?)null;
        if (draw.Chance(0.1))
        {
            (train, test, none) = (train.Hide(draw, None), test.Hide(draw, None), None);
        }

        var data = Data(draw, train);
        if (draw.Chance(0.1))
        {
            var first = draw.Between(1, 3);
            data["label_offset"] = first;
            (train, test) = (train.Relabel(first), test.Relabel(first));
        }

        var outputs = labels + (draw.Chance(0.2) ? draw.Between(1, 2) : 0);
        var layers = new ModelGenerator(draw).Network(After(data, image), outputs);
        var samples = train.Count - ((int?)data["validation"]?["samples"] ?? 0);
        var slots = SlotsOf(layers, After(data, image));
        var scene = new RecipeScene(outputs, [.. Enumerable.Range(0, labels)], none, draw.Between(1, 3), ((samples - 1) / batch) + 1, slots.Any(slot => slot.Kind == SlotKind.Statistic));
        var perturbs = draw.Chance(0.6);
        var job = new JsonObject
        {
            ["name"] = $"seed-{seed}",
            ["model"] = new JsonObject { ["layers"] = layers },
            ["data"] = data,
            ["training"] = Training(draw, scene, batch, [.. slots.Where(slot => slot.Kind == SlotKind.Parameter).Select(slot => slot.Name)], perturbs),
        };
        return new Case(seed, (JsonObject)JsonNode.Parse(job.ToJsonString())!, train, test, draw.Between(2, 5), perturbs);
    }

    private static IdxSet Images(Draw draw, Shape image, int count, int labels) => new(
        image, draw.Bytes(checked((int)(count * image.Elements))), [.. Enumerable.Range(0, count).Select(_ => (byte)draw.Between(0, labels - 1))]);

    private static JsonObject Data(Draw draw, IdxSet train)
    {
        var data = new JsonObject { ["idx"] = new JsonObject { ["train_images"] = "train-images", ["train_labels"] = "train-labels", ["test_images"] = "test-images", ["test_labels"] = "test-labels" } }
            .Maybe(draw, "shuffle", () => draw.Chance(0.3), 0.5)
            .Maybe(draw, "resize", () => draw.Size(3, 13), 0.15)
            .Maybe(draw, "normalize", () => Normalize(draw, train.Image[0]), 0.4);
        return train.Count < 6 ? data : data.Maybe(draw, "validation", () => Validation(draw, train.Count), 0.15);
    }

    private static JsonObject Normalize(Draw draw, int channels)
    {
        JsonNode Values(double least, double most) => channels == 1 || draw.IsWild
            ? draw.Real(least, most)
            : new JsonArray([.. Enumerable.Range(0, channels).Select(_ => (JsonNode)draw.Real(least, most))]);
        return new JsonObject { ["mean"] = Values(-0.3, 0.8), ["std"] = Values(0.2, 2) };
    }

    private static JsonObject Validation(Draw draw, int samples)
    {
        var part = new JsonObject { ["samples"] = draw.Between(1, samples / 3) };
        if (draw.Chance(0.5))
        {
            part = new JsonObject { ["fraction"] = draw.Real(1.5 / samples, 0.4) };
        }

        return part.Maybe(draw, "seed", () => draw.Between(0, int.MaxValue - 1), 0.5);
    }

    private static Shape After(JsonObject data, Shape image) => data["resize"] switch
    {
        JsonArray size => new Shape(image[0], (int)size[0]!, (int)size[1]!),
        { } size => new Shape(image[0], (int)size, (int)size),
        _ => image,
    };

    private static JsonObject Training(Draw draw, RecipeScene scene, int batch, IReadOnlyList<string> parameters, bool perturbs)
    {
        var training = new JsonObject { ["epochs"] = scene.Epochs, ["batch_size"] = batch }
            .Maybe(draw, "shards", () => draw.Between(1, Math.Min(batch, 9)))
            .Maybe(draw, "seed", () => draw.Between(0, int.MaxValue - 1), 0.6);
        training["optimizer"] = OneOf(draw, RecipeRows.Optimizers, scene);
        if (RecipeRows.Loss(draw, scene) is { } loss)
        {
            training["loss"] = loss;
        }

        training.Maybe(draw, "schedule", () => Schedule(draw, scene), 0.6)
            .Maybe(draw, "clip_grad_norm", () => draw.Real(0.01, 10), 0.25)
            .Maybe(draw, "batch_norm_shards", () => GroupShards(draw, batch, (int?)training["shards"]), 0.5);
        if (parameters.Count > 0 && draw.Chance(0.3))
        {
            training["parameter_groups"] = Groups(draw, parameters, training["schedule"]?["one_cycle"] is not null);
        }

        if (perturbs)
        {
            training["init"] = new JsonObject { ["weights"] = Case.InitialWeights }.Maybe(draw, "strict", () => draw.Chance(0.5), 0.3);
        }

        return training.Maybe(draw, "averaging", () => RecipeRows.Averaging(draw, scene), 0.3);
    }

    private static JsonObject OneOf(Draw draw, IReadOnlyDictionary<string, Func<Draw, RecipeScene, JsonObject>> rows, RecipeScene scene)
    {
        var kind = draw.Of([.. rows.Keys]);
        return new JsonObject { [kind] = rows[kind](draw, scene) };
    }

    private static JsonObject Schedule(Draw draw, RecipeScene scene)
    {
        var schedule = OneOf(draw, RecipeRows.Schedules, scene);
        return schedule.Maybe(draw, "warmup", () => RecipeRows.Warmup(draw, scene));
    }

    /// <summary>As many as the groups have by default, or more: a power of two, or all.</summary>
    private static int GroupShards(Draw draw, int batch, int? given)
    {
        var shards = given ?? Kernels.Sharding.ShardTree.DefaultShards(batch);
        var least = Kernels.Sharding.ShardTree.GroupShards(batch, shards);
        return draw.Of([.. Enumerable.Range(0, 13).Select(power => 1 << power).Where(group => group >= least && group <= shards), shards]);
    }

    private static JsonArray Groups(Draw draw, IReadOnlyList<string> parameters, bool ratesAreSet)
    {
        var groups = new JsonArray();
        for (var i = draw.Between(1, 3); i > 0; i--)
        {
            var name = draw.Of(parameters);
            var group = new JsonObject { ["pattern"] = draw.Of(name, $"*{name[name.LastIndexOf('.')..]}", $"{name[..name.IndexOf('.', StringComparison.Ordinal)]}.*", name[..^1] + "?") };
            if (draw.Chance(0.3))
            {
                group["frozen"] = true;
            }
            else if (ratesAreSet || draw.Chance(0.5))
            {
                group["weight_decay"] = draw.Real(1e-3, 0.2);
            }
            else
            {
                group.Maybe(draw, "weight_decay", () => draw.Real(1e-3, 0.2), 0.3)["lr"] = draw.Real(1e-3, 0.05);
            }

            if (!group.ContainsKey("frozen"))
            {
                group.Maybe(draw, "frozen_epochs", () => draw.Between(1, 2), 0.3);
            }

            groups.Add(group);
        }

        return groups;
    }

    private static IReadOnlyList<ParameterSlot> SlotsOf(JsonArray layers, Shape input)
    {
        try
        {
            return ParameterLayout.Of(Model.FromJson(layers.ToJsonString(), input)).Slots;
        }
        catch (ModelException)
        {
            return [];
        }
    }
}
