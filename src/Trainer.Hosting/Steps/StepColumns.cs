using System.Buffers;
using System.Buffers.Text;
using System.Globalization;

namespace Trainer.Hosting.Steps;

/// <summary>What a step has of some numbers, in the order in which they were asked for; null: it has none.</summary>
public delegate void StepValues(ulong step, ReadOnlySpan<double?> values);

/// <summary>
/// Some columns of files of steps, as <see cref="StepLines"/> has them: what a curve needs of a long record. Of a line the wanted numbers alone are read, and nothing is made for it on the heap.
/// </summary>
/// <param name="metrics">The columns.</param>
/// <param name="first">Step.</param>
internal sealed class StepColumns(IReadOnlyList<StepMetric> metrics, ulong first, StepValues take)
{
    /// <summary>Before the first number: step, epoch and time.</summary>
    private const int Before = 3;

    private const int BufferBytes = 1 << 16;

    /// <summary>By column: where its value goes; -1: nobody wants it.</summary>
    private readonly int[] _places = [.. StepMetric.All.Select(metric => metrics.ToList().IndexOf(metric))];

    private readonly double?[] _values = new double?[metrics.Count];

    /// <summary>Passes on the steps of a file from <c>first</c> to <paramref name="last"/>; those behind are not looked at, nor most of those before where the file can be read from anywhere.</summary>
    /// <exception cref="IOException">The store.</exception>
    public void Read(Stream file, ulong last)
    {
        StepSearch.Seek(file, first);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            for (var held = 0; ;)
            {
                var read = file.Read(buffer.AsSpan(held));
                var rest = buffer.AsSpan(0, held + read);
                while (rest.IndexOf((byte)'\n') is >= 0 and var end)
                {
                    if (!Line(rest[..end], last))
                    {
                        return;
                    }

                    rest = rest[(end + 1)..];
                }

                if (read == 0)
                {
                    Line(rest, last);
                    return;
                }

                // No line is as long as the buffer: what has no end is none.
                held = rest.Length == buffer.Length ? 0 : rest.Length;
                rest[..held].CopyTo(buffer);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <returns>False: the steps that are wanted are over.</returns>
    private bool Line(ReadOnlySpan<byte> line, ulong last)
    {
        if (!Utf8Parser.TryParse(line, out ulong step, out var digits) || digits >= line.Length || line[digits] != ',' || step < first)
        {
            return true;
        }

        if (step > last)
        {
            return false;
        }

        if (Values(line))
        {
            take(step, _values);
        }

        return true;
    }

    /// <summary>False: the line is not whole.</summary>
    private bool Values(ReadOnlySpan<byte> line)
    {
        var column = -Before;
        for (; column < _places.Length && !line.IsEmpty; column++)
        {
            var end = line.IndexOf((byte)',');
            var field = end < 0 ? line : line[..end];
            line = end < 0 ? [] : line[(end + 1)..];
            if (column < 0 || _places[column] < 0)
            {
                continue;
            }

            if (double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
            {
                _values[_places[column]] = value;
            }
            else if (field.IsEmpty)
            {
                _values[_places[column]] = null;
            }
            else
            {
                return false;
            }
        }

        return column == _places.Length;
    }
}
