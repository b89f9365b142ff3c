using System.Text;
using System.Text.Json;

namespace Trainer.Kernels.Tests.Golden;

/// <summary>The numbers of golden.py, which says how they are made, and the files that its neighbours wrote.</summary>
public static class GoldenValues
{
    /// <summary>offset + scale x v, as golden.tensor.</summary>
    public static float[] Tensor(string name, long elements, double scale = 1, float offset = 0)
    {
        var values = new float[elements];
        Fill(name, values, scale, offset);
        return values;
    }

    public static void Fill(string name, Span<float> values, double scale = 1, float offset = 0)
    {
        var (salt, factor) = (Salt(name), (float)scale);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = offset + (factor * Value(salt, i));
        }
    }

    /// <summary>The dot product of values with golden.tensor(name), in double.</summary>
    public static double Product(string name, ReadOnlySpan<float> values)
    {
        var (salt, sum) = (Salt(name), 0.0);
        for (var i = 0; i < values.Length; i++)
        {
            sum += (double)values[i] * Value(salt, i);
        }

        return sum;
    }

    public static JsonElement Load(string file)
    {
        using var stream = typeof(GoldenValues).Assembly.GetManifestResourceStream(file)
            ?? throw new FileNotFoundException($"No golden file {file} in the test assembly.");
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }

    public static double[] Doubles(this JsonElement golden, string property) =>
        [.. golden.GetProperty(property).EnumerateArray().Select(value => value.GetDouble())];

    public static Shape ShapeOf(this JsonElement dimensions) => new([.. dimensions.EnumerateArray().Select(dimension => dimension.GetInt32())]);

    public static string Text(this JsonElement golden, string property) => golden.GetProperty(property).GetString()!;

    public static int Int(this JsonElement golden, string property) => golden.GetProperty(property).GetInt32();

    private static float Value(uint salt, int index)
    {
        var h = unchecked(((uint)index * 0x9E3779B1u) + salt);
        h = unchecked((h ^ (h >> 16)) * 0x7FEB352Du);
        h = unchecked((h ^ (h >> 15)) * 0x846CA68Bu);
        h ^= h >> 16;
        return ((h >> 8) / 8388608f) - 1;
    }

    private static uint Salt(string name)
    {
        var hash = 2166136261u;
        foreach (var character in Encoding.UTF8.GetBytes(name))
        {
            hash = unchecked((hash ^ character) * 16777619u);
        }

        return hash;
    }
}
