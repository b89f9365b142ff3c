using System.Text.Json;
using System.Text.Json.Nodes;
using Trainer.Protos;

namespace Trainer.Hosting.Trackers;

/// <summary>The job file's scalars by their paths: training.optimizer.sgd.lr.</summary>
public static class Hyperparameters
{
    /// <returns>Numbers, truth values and texts, by path; lists of scalars are texts. Layers, which are lists of sections, are left out.</returns>
    public static IEnumerable<KeyValuePair<string, object>> Of(JobSpec spec)
    {
        var sections = ProtoJson.Compact(spec);
        return new[] { "model", "data", "training" }.SelectMany(section => Leaves(sections[section], section));
    }

    private static IEnumerable<KeyValuePair<string, object>> Leaves(JsonNode? node, string path) => node switch
    {
        JsonObject { Count: 0 } => [new(path, "default")], // A section that is only chosen: loss.cross_entropy.
        JsonObject section => section.SelectMany(field => Leaves(field.Value, $"{path}.{field.Key}")),
        JsonArray list when list.All(item => item is JsonValue) => [new(path, ProtoJson.Line(list))],
        JsonValue value => [new(path, Scalar(value))],
        _ => [],
    };

    private static object Scalar(JsonValue value) => value.GetValueKind() switch
    {
        JsonValueKind.Number => double.Parse(value.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => value.ToString(),
    };
}
