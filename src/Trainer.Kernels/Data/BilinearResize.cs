using System.Runtime.InteropServices;

namespace Trainer.Kernels.Data;

/// <summary>
/// Bilinear resizing of planes from (h, w) to (H, W), as torch's interpolate with align_corners=False and antialias=False: output pixel i looks at
/// (i + 1/2) h / H - 1/2, not below 0, between its two neighbours.
/// </summary>
/// <remarks>Rows are blended first, a0 + (a1 - a0) t, then columns; each step is rounded to float32, so every machine gives the same bits.</remarks>
internal sealed class BilinearResize
{
    private readonly int _width;
    private readonly Tap[] _rows;
    private readonly Tap[] _columns;
    private readonly float[] _row;

    public BilinearResize(int height, int width, int newHeight, int newWidth)
    {
        _width = width;
        (_rows, _columns, _row) = (Taps(height, newHeight), Taps(width, newWidth), new float[width]);
    }

    /// <param name="source">(h, w)</param>
    /// <param name="target">(H, W)</param>
    public void Run(ReadOnlySpan<float> source, Span<float> target)
    {
        for (var i = 0; i < _rows.Length; i++)
        {
            var above = source.Slice(_rows[i].First * _width, _width);
            var below = source.Slice(_rows[i].Second * _width, _width);
            var weight = _rows[i].Weight;
            for (var j = 0; j < _row.Length; j++)
            {
                _row[j] = above[j] + ((below[j] - above[j]) * weight);
            }

            var line = target.Slice(i * _columns.Length, _columns.Length);
            for (var j = 0; j < line.Length; j++)
            {
                var tap = _columns[j];
                line[j] = _row[tap.First] + ((_row[tap.Second] - _row[tap.First]) * tap.Weight);
            }
        }
    }

    private static Tap[] Taps(int size, int newSize)
    {
        var taps = new Tap[newSize];
        for (var i = 0; i < newSize; i++)
        {
            var place = Math.Max(0, ((i + 0.5) * size / newSize) - 0.5);
            var first = (int)place;
            taps[i] = new Tap(first, Math.Min(first + 1, size - 1), (float)(place - first));
        }

        return taps;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Tap(int First, int Second, float Weight);
}
