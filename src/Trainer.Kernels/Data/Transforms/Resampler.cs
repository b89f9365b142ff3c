using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Trainer.Kernels.Data.Transforms;

/// <summary>
/// Brings pictures to another size with the bytes of Pillow's Image.resize (Resample.c, Geometry.c): lines are resampled first, each value rounded to a byte, then columns.
/// Tables of the last sizes are kept.
/// </summary>
internal sealed class Resampler
{
    private const int MostTables = 64;
    private const int Half = 1 << (ResampleTaps.PrecisionBits - 1);

    private readonly Dictionary<(int From, int To, Interpolation Kind), ResampleTaps> _taps = [];
    private readonly Picture _lines = new();

    public void Run(PictureWork work, int height, int width, Interpolation interpolation)
    {
        var picture = work.Picture;
        if (picture.Height == height && picture.Width == width)
        {
            return;
        }

        if (interpolation == Interpolation.Nearest)
        {
            Nearest(picture, work.Spare, height, width);
            work.Swap();
            return;
        }

        var lines = picture;
        if (picture.Width != width)
        {
            lines = picture.Height == height ? work.Spare : _lines;
            Horizontal(picture, lines, width, Taps(picture.Width, width, interpolation));
        }

        if (picture.Height != height)
        {
            Vertical(lines, work.Spare, height, Taps(picture.Height, height, interpolation));
        }

        work.Swap();
    }

    private ResampleTaps Taps(int from, int to, Interpolation interpolation)
    {
        if (!_taps.TryGetValue((from, to, interpolation), out var taps))
        {
            if (_taps.Count >= MostTables)
            {
                _taps.Clear();
            }

            _taps[(from, to, interpolation)] = taps = new ResampleTaps(from, to, interpolation);
        }

        return taps;
    }

    private static void Horizontal(Picture source, Picture target, int width, ResampleTaps taps)
    {
        target.Reshape(source.Height, width, source.Channels);
        for (var y = 0; y < source.Height; y++)
        {
            if (source.Channels == 3 && source.Width > 1)
            {
                HorizontalOf3(source.Row(y), target.Row(y), taps);
            }
            else
            {
                HorizontalOfAny(source.Row(y), target.Row(y), source.Channels, taps);
            }
        }
    }

    // The three values of a pixel are lanes of one vector; the fourth is the next pixel's, and is left out.
    private static void HorizontalOf3(ReadOnlySpan<byte> source, Span<byte> target, ResampleTaps taps)
    {
        for (var x = 0; x < taps.First.Length; x++)
        {
            var weights = taps.Weights.AsSpan(x * taps.Most, taps.Count[x]);
            var sums = Vector128.Create(Half);
            var at = taps.First[x] * 3;
            foreach (var weight in weights)
            {
                sums += Pixel(source, at) * weight;
                at += 3;
            }

            var values = Bytes(sums);
            (target[3 * x], target[(3 * x) + 1], target[(3 * x) + 2]) = ((byte)values[0], (byte)values[1], (byte)values[2]);
        }
    }

    private static Vector128<int> Pixel(ReadOnlySpan<byte> source, int at)
    {
        var four = at + 4 <= source.Length ? MemoryMarshal.Read<uint>(source[at..]) : MemoryMarshal.Read<uint>(source[(at - 1)..]) >> 8; // Of the last pixel, what stands before it.
        return Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(four).AsByte())).AsInt32();
    }

    private static Vector128<int> Bytes(Vector128<int> sums) =>
        Vector128.Min(Vector128.Max(Vector128.ShiftRightArithmetic(sums, ResampleTaps.PrecisionBits), Vector128<int>.Zero), Vector128.Create(255));

    private static void HorizontalOfAny(ReadOnlySpan<byte> source, Span<byte> target, int channels, ResampleTaps taps)
    {
        for (var i = 0; i < target.Length; i++)
        {
            var (x, c) = Math.DivRem(i, channels);
            var weights = taps.Weights.AsSpan(x * taps.Most, taps.Count[x]);
            var sum = Half;
            for (int tap = 0, at = (taps.First[x] * channels) + c; tap < weights.Length; tap++, at += channels)
            {
                sum += source[at] * weights[tap];
            }

            target[i] = Byte(sum);
        }
    }

    private static void Vertical(Picture source, Picture target, int height, ResampleTaps taps)
    {
        target.Reshape(height, source.Width, source.Channels);
        var sums = source.Width * source.Channels <= 4096 ? stackalloc int[source.Width * source.Channels] : new int[source.Width * source.Channels];
        for (var y = 0; y < height; y++)
        {
            sums.Fill(Half);
            for (var tap = 0; tap < taps.Count[y]; tap++)
            {
                AddWeighted(source.Row(taps.First[y] + tap), taps.Weights[(y * taps.Most) + tap], sums);
            }

            Round(sums, target.Row(y));
        }
    }

    private static void Round(ReadOnlySpan<int> sums, Span<byte> row)
    {
        var i = 0;
        for (; i <= row.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            var quarter = Vector<int>.Count;
            var low = Vector.Narrow(Bytes(sums[i..]), Bytes(sums[(i + quarter)..]));
            var high = Vector.Narrow(Bytes(sums[(i + (2 * quarter))..]), Bytes(sums[(i + (3 * quarter))..]));
            Vector.Narrow(low, high).CopyTo(row[i..]);
        }

        for (; i < row.Length; i++)
        {
            row[i] = Byte(sums[i]);
        }
    }

    private static Vector<uint> Bytes(ReadOnlySpan<int> sums) =>
        Vector.Min(Vector.Max(Vector.ShiftRightArithmetic(new Vector<int>(sums), ResampleTaps.PrecisionBits), Vector<int>.Zero), new Vector<int>(255)).As<int, uint>();

    private static void AddWeighted(ReadOnlySpan<byte> row, int weight, Span<int> sums)
    {
        var i = 0;
        for (; i <= sums.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(row[i..]), out var low, out var high);
            Add(low, weight, sums[i..]);
            Add(high, weight, sums[(i + Vector<ushort>.Count)..]);
        }

        for (; i < sums.Length; i++)
        {
            sums[i] += row[i] * weight;
        }
    }

    private static void Add(Vector<ushort> pixels, int weight, Span<int> sums)
    {
        Vector.Widen(pixels, out var low, out var high);
        (new Vector<int>(sums) + (low.As<uint, int>() * weight)).CopyTo(sums);
        sums = sums[Vector<int>.Count..];
        (new Vector<int>(sums) + (high.As<uint, int>() * weight)).CopyTo(sums);
    }

    /// <summary>The place of the middle of each pixel goes on by additions, as Pillow's does.</summary>
    private static void Nearest(Picture source, Picture target, int height, int width)
    {
        var channels = source.Channels;
        target.Reshape(height, width, channels);
        var (stepX, stepY) = ((double)source.Width / width, (double)source.Height / height);
        var y = stepY * 0.5;
        for (var i = 0; i < height; i++, y += stepY)
        {
            var from = source.Row(Math.Min((int)y, source.Height - 1));
            var to = target.Row(i);
            var x = stepX * 0.5;
            for (var j = 0; j < width; j++, x += stepX)
            {
                from.Slice(Math.Min((int)x, source.Width - 1) * channels, channels).CopyTo(to[(j * channels)..]);
            }
        }
    }

    private static byte Byte(int sum) => (byte)Math.Clamp(sum >> ResampleTaps.PrecisionBits, 0, 255);
}
