using System.Text.Json.Nodes;
using Trainer.Kernels;
using Trainer.Kernels.Training.Planning;

namespace Trainer.Cli.Output;

/// <summary>Models as tables and as JSON.</summary>
internal static class ModelText
{
    /// <param name="width">In columns; null: no limit.</param>
    public static string Table(ModelSummary model, int? width)
    {
        var table = new TextTable(
            "LAYER", "KIND", "OUTPUT", new("PARAMETERS", Rank: 1), new("MULTIPLY-ADDS", Rank: 2), new("ACTIVATIONS", Rank: 4), new("SEES", Rank: 3));
        table.Row("", "input", Sizes(model.Input), "", "", Words.Bytes(model.Input.Elements * sizeof(float)), "");
        foreach (var layer in model.Layers)
        {
            table.Row(
                layer.Name,
                layer.Kind,
                Sizes(layer.Output),
                Count(layer.Parameters),
                Count(layer.MultiplyAdds),
                layer.ActivationBytes == 0 ? "" : Words.Bytes(layer.ActivationBytes),
                $"{layer.ReceptiveField}");
        }
        (string, string)[] totals =
        [
            ("parameters", $"{model.Parameters:#,0} ({Words.Bytes(model.Parameters * sizeof(float))})"),
            ("multiply-adds", $"{model.MultiplyAdds:#,0} an image, forward"),
            ("activations", $"{Words.Bytes(model.ActivationBytes)} an image, all layers"),
            ("memory", $"{Words.Bytes(model.TrainingBytes)} an image to train, {Words.Bytes(model.EvaluationBytes)} to evaluate, beside the parameters"),
        ];
        return $"{table.Render(width)}{Environment.NewLine}{Environment.NewLine}{Facts.Render(totals, width)}";
    }

    public static JsonObject Json(ModelSummary model) => new()
    {
        ["input"] = Dimensions(model.Input),
        ["parameters"] = model.Parameters,
        ["multiply_adds"] = model.MultiplyAdds,
        ["activation_bytes"] = model.ActivationBytes,
        ["training_bytes"] = model.TrainingBytes,
        ["evaluation_bytes"] = model.EvaluationBytes,
        ["layers"] = new JsonArray([.. model.Layers.Select(Json)]),
    };

    public static JsonArray Dimensions(Shape shape) => new([.. shape.Dimensions.Select(dimension => JsonValue.Create(dimension))]);

    /// <summary>1x28x28</summary>
    public static string Sizes(Shape shape) => string.Join('x', shape.Dimensions);

    private static string Count(long count) => count == 0 ? "" : count.ToString("#,0");

    private static JsonNode Json(LayerSummary layer) => new JsonObject
    {
        ["name"] = layer.Name,
        ["kind"] = layer.Kind,
        ["output"] = Dimensions(layer.Output),
        ["parameters"] = layer.Parameters,
        ["multiply_adds"] = layer.MultiplyAdds,
        ["activation_bytes"] = layer.ActivationBytes,
        ["receptive_field"] = new JsonArray(layer.ReceptiveField.Height, layer.ReceptiveField.Width),
        ["receptive_start"] = new JsonArray(layer.ReceptiveField.Top, layer.ReceptiveField.Left),
        ["receptive_stride"] = new JsonArray(layer.ReceptiveField.StrideHeight, layer.ReceptiveField.StrideWidth),
        ["inputs"] = new JsonArray([.. layer.Inputs.Select(input => JsonValue.Create(input))]),
    };
}
