using System.Globalization;
using System.Text.Json.Nodes;

namespace Trainer.Differential.Tests.Generation;

/// <summary>What chance decides in one case: a function of its seed.</summary>
/// <param name="seed">Of the case.</param>
internal sealed class Draw(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>Options are drawn with little regard for what fits, so that both sides have something to refuse.</summary>
    public bool IsWild { get; init; }

    public bool Chance(double probability) => _random.NextDouble() < probability;

    /// <summary>A whole number, both ends included.</summary>
    public int Between(int least, int most) => _random.Next(least, Math.Max(least, most) + 1);

    public T Of<T>(params IReadOnlyList<T> choices) => choices[_random.Next(choices.Count)];

    /// <summary>A number of three digits, as likely small as large in its order of magnitude.</summary>
    public double Real(double least, double most)
    {
        var value = least <= 0 ? least + ((most - least) * _random.NextDouble()) : least * Math.Pow(most / least, _random.NextDouble());
        return double.Parse(value.ToString("G3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    /// <summary>One value for both dimensions, or [height, width].</summary>
    public JsonNode Size(int least, int most) => Size(least, (most, most));

    public JsonNode Size(int least, (int Height, int Width) most) => Chance(0.5)
        ? Between(least, Math.Min(most.Height, most.Width))
        : new JsonArray(Between(least, most.Height), Between(least, most.Width));

    public byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }
}

/// <summary>Options that a case may leave to their defaults.</summary>
internal static class OptionalFields
{
    public static JsonObject Maybe(this JsonObject options, Draw draw, string name, Func<JsonNode> value, double probability = 0.4)
    {
        if (draw.Chance(probability))
        {
            options[name] = value();
        }

        return options;
    }
}
