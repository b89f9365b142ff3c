using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Trainer.Kernels.Functional;

/// <summary>Numbers with a shape, on the host: the elements of the last dimension are neighbours.</summary>
public sealed class NdArray
{
    private const int MostPrinted = 1000;

    /// <exception cref="ArgumentException">There are not as many values as the shape has elements.</exception>
    public NdArray(Shape shape, float[] values)
    {
        if (shape.Elements != values.Length)
        {
            throw new ArgumentException($"{values.Length} values, expected {shape.Elements} for an array of {shape}.", nameof(values));
        }

        (Shape, Values) = (shape, values);
    }

    public Shape Shape { get; }

    /// <summary>Row by row; whoever changes them changes the array.</summary>
    public float[] Values { get; }

    /// <exception cref="ArgumentException">There is not one index for each dimension.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An index is outside.</exception>
    public float this[params ReadOnlySpan<int> indices] => Values[PlaceOf(indices)];

    /// <summary>Rows and columns of an array of C#.</summary>
    public static implicit operator NdArray(float[,] rows) =>
        new(new Shape(rows.GetLength(0), rows.GetLength(1)), rows.Length == 0 ? [] : MemoryMarshal.CreateReadOnlySpan(ref rows[0, 0], rows.Length).ToArray());

    /// <summary>0, 1, 2 and so on, row by row: torch.arange.</summary>
    public static NdArray Range(params ReadOnlySpan<int> dimensions)
    {
        var shape = new Shape(dimensions);
        return new NdArray(shape, [.. Enumerable.Range(0, checked((int)shape.Elements)).Select(i => (float)i)]);
    }

    /// <summary>Arrays of one shape, one after the other along a new first dimension: torch.stack.</summary>
    /// <exception cref="ArgumentException">There are none, or their shapes differ.</exception>
    public static NdArray Stack(params ReadOnlySpan<NdArray> parts)
    {
        var values = new List<float>();
        foreach (var part in parts)
        {
            if (part.Shape != parts[0].Shape)
            {
                throw new ArgumentException($"Arrays of {parts[0].Shape} and {part.Shape} cannot be stacked; expected one shape.", nameof(parts));
            }

            values.AddRange(part.Values);
        }

        return parts.IsEmpty
            ? throw new ArgumentException("There is nothing to stack.", nameof(parts))
            : new NdArray(new Shape([parts.Length, .. parts[0].Shape.Dimensions]), [.. values]);
    }

    /// <summary>The same values, copied, under another shape.</summary>
    /// <exception cref="ArgumentException">It has another number of elements.</exception>
    public NdArray Reshape(params ReadOnlySpan<int> dimensions) => new(new Shape(dimensions), [.. Values]);

    /// <summary>What a function makes of each value.</summary>
    public NdArray Map(Func<float, float> function) => new(Shape, Array.ConvertAll(Values, value => function(value)));

    /// <summary>What a function makes of each value and the one at the same place in an array of the same shape.</summary>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public NdArray Zip(NdArray other, Func<float, float, float> function) => other.Shape == Shape
        ? new NdArray(Shape, [.. Values.Zip(other.Values, function)])
        : throw new ArgumentException($"An array of {other.Shape}, expected {Shape}.", nameof(other));

    /// <summary>Rows of numbers in brackets, with four decimals at most, as PyTorch prints them; the shape alone of more than a thousand.</summary>
    public override string ToString()
    {
        if (Values.Length > MostPrinted)
        {
            return $"{Shape}";
        }

        string[] numbers = [.. Values.Select(value => (value + 0f).ToString("0.####", CultureInfo.InvariantCulture))];
        var (text, at, width) = (new StringBuilder(), 0, numbers.Select(number => number.Length).DefaultIfEmpty().Max());
        Append(text, 0, numbers, ref at, width);
        return text.ToString();
    }

    private void Append(StringBuilder text, int dimension, string[] numbers, ref int at, int width)
    {
        if (dimension == Shape.Rank)
        {
            text.Append(numbers[at++].PadLeft(width));
            return;
        }

        text.Append('[');
        for (var i = 0; i < Shape[dimension]; i++)
        {
            if (i > 0)
            {
                text.Append(dimension == Shape.Rank - 1 ? ", " : $",{new string('\n', Shape.Rank - 1 - dimension)}{new string(' ', dimension + 1)}");
            }

            Append(text, dimension + 1, numbers, ref at, width);
        }

        text.Append(']');
    }

    private int PlaceOf(ReadOnlySpan<int> indices)
    {
        if (indices.Length != Shape.Rank)
        {
            throw new ArgumentException($"{indices.Length} indices, expected {Shape.Rank} for an array of {Shape}.", nameof(indices));
        }

        var place = 0;
        for (var i = 0; i < indices.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(indices[i], nameof(indices));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(indices[i], Shape[i], nameof(indices));
            place = (place * Shape[i]) + indices[i];
        }

        return place;
    }
}
