using System.Globalization;
using Trainer.Cli.Help;
using Trainer.Kernels;
using Trainer.Kernels.Functional;

namespace Trainer.Cli.Filters;

/// <summary>What a picture is filtered with: one kernel, or two whose results are the legs of a right triangle.</summary>
/// <param name="Text">As it was given.</param>
/// <param name="Weights">(kernels, 1, R, S).</param>
internal sealed record FilterKernel(string Text, NdArray Weights)
{
    /// <summary>Rows and columns of a kernel, at most.</summary>
    public const int MostRows = 31;

    private static readonly Dictionary<string, string[]> Known = new(StringComparer.Ordinal)
    {
        ["sobel-x"] = ["-1,0,1;-2,0,2;-1,0,1"],
        ["sobel-y"] = ["-1,-2,-1;0,0,0;1,2,1"],
        ["sobel"] = ["-1,0,1;-2,0,2;-1,0,1", "-1,-2,-1;0,0,0;1,2,1"],
        ["laplacian"] = ["0,1,0;1,-4,1;0,1,0"],
        ["sharpen"] = ["0,-1,0;-1,5,-1;0,-1,0"],
        ["blur"] = ["0.0625,0.125,0.0625;0.125,0.25,0.125;0.0625,0.125,0.0625"],
        ["emboss"] = ["-2,-1,0;-1,1,1;0,1,2"],
        ["identity"] = ["0,0,0;0,1,0;0,0,0"],
        ["edges"] = ["-1,-1,-1;-1,8,-1;-1,-1,-1"],
    };

    public static IEnumerable<string> Names => Known.Keys;

    public int Rows => Weights.Shape[2];

    public int Columns => Weights.Shape[3];

    /// <summary>Whether its weights add up to zero, so that it shows differences and nothing of a plain surface.</summary>
    public bool IsDifference => Math.Abs(Weights.Values.Sum(weight => (double)weight)) < 1e-6;

    /// <summary>A name, or rows of numbers.</summary>
    /// <exception cref="FormatException">It is neither; the message goes on from "--kernel".</exception>
    public static FilterKernel Parse(string text)
    {
        if (!Known.TryGetValue(text, out var kernels) && !text.Any(letter => char.IsDigit(letter)))
        {
            var meant = Similar.To(text, Names) is { } name ? $" Did you mean '{name}'?" : "";
            throw new FormatException($"there is no kernel '{text}'.{meant} Give {string.Join(", ", Names)}, or rows of numbers: \"1,0,-1;2,0,-2;1,0,-1\".");
        }

        NdArray[] parts = [.. (kernels ?? [text]).Select(Grid)];
        return new FilterKernel(text, NdArray.Stack(parts).Reshape(parts.Length, 1, parts[0].Shape[0], parts[0].Shape[1]));
    }

    private static NdArray Grid(string text)
    {
        float[][] rows = [.. text.Split(';').Select((row, i) => Row(row, i + 1))];
        for (var i = 1; i < rows.Length; i++)
        {
            if (rows[i].Length != rows[0].Length)
            {
                throw new FormatException($"row 1 has {Numbers(rows[0].Length)}, row {i + 1} has {Numbers(rows[i].Length)}; expected as many in each.");
            }
        }

        return rows.Length <= MostRows && rows[0].Length <= MostRows
            ? new NdArray(new Shape(rows.Length, rows[0].Length), [.. rows.SelectMany(row => row)])
            : throw new FormatException($"{rows.Length} rows of {Numbers(rows[0].Length)}; expected at most {MostRows} of each.");
    }

    private static float[] Row(string row, int place) => [.. row.Split(',').Select(number =>
        float.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && float.IsFinite(value)
            ? value
            : throw new FormatException($"row {place}: '{number.Trim()}' is not a number; expected rows like \"1,0,-1;2,0,-2;1,0,-1\"."))];

    private static string Numbers(int count) => Output.Words.Plural(count, "number");
}
