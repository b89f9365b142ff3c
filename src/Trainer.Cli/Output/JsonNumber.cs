using System.Text.Json.Nodes;

namespace Trainer.Cli.Output;

/// <summary>Numbers in JSON, which has none that are not finite: they are "NaN", "Infinity" and "-Infinity" there, as in proto3's JSON.</summary>
internal static class JsonNumber
{
    public static JsonNode Of(double value) => value switch
    {
        double.NaN => JsonValue.Create("NaN"),
        double.PositiveInfinity => JsonValue.Create("Infinity"),
        double.NegativeInfinity => JsonValue.Create("-Infinity"),
        _ => JsonValue.Create(value),
    };
}
