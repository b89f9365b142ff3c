using System.Numerics;
using System.Runtime.CompilerServices;
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

    private static readonly Vector128<byte> LowBytes = Vector128.Create((byte)0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);

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
            if (source.Channels == 3)
            {
                HorizontalOf3(source.Row(y), target.Row(y), taps);
            }
            else
            {
                HorizontalOfAny(source.Row(y), target.Row(y), source.Channels, taps);
            }
        }
    }

    // The three values of a pixel are lanes of one vector. The fourth is the next pixel's: it is left out, written over by the next one, and never looked at where there is none.
    private static void HorizontalOf3(ReadOnlySpan<byte> source, Span<byte> target, ResampleTaps taps)
    {
        var last = taps.First.Length - 1;
        for (var x = 0; x <= last; x++)
        {
            var weights = taps.Weights.AsSpan(x * taps.Most, taps.Count[x]);
            var pixels = source[(3 * taps.First[x])..];
            var sums = pixels.Length > 3 * weights.Length ? Sum(pixels[..((3 * weights.Length) + 1)], weights) : SumToLast(pixels, weights);
            var four = Vector128.Shuffle(Bytes(sums).AsByte(), LowBytes).AsUInt32().ToScalar();
            if (x < last)
            {
                MemoryMarshal.Write(target[(3 * x)..], four);
            }
            else
            {
                (target[3 * x], target[(3 * x) + 1], target[(3 * x) + 2]) = ((byte)four, (byte)(four >> 8), (byte)(four >> 16));
            }
        }
    }

    private static Vector128<int> Sum(ReadOnlySpan<byte> pixels, ReadOnlySpan<int> weights)
    {
        var sums = Vector128.Create(Half);
        ref var at = ref MemoryMarshal.GetReference(pixels);
        foreach (var weight in weights)
        {
            sums += Lanes(Unsafe.ReadUnaligned<uint>(ref at)) * weight;
            at = ref Unsafe.Add(ref at, 3);
        }

        return sums;
    }

    private static Vector128<int> SumToLast(ReadOnlySpan<byte> pixels, ReadOnlySpan<int> weights)
    {
        var sums = Vector128.Create(Half);
        var last = pixels[(3 * (weights.Length - 1))..];
        for (var tap = 0; tap < weights.Length - 1; tap++)
        {
            sums += Lanes(MemoryMarshal.Read<uint>(pixels[(3 * tap)..])) * weights[tap];
        }

        return sums + (Lanes(last[0] | ((uint)last[1] << 8) | ((uint)last[2] << 16)) * weights[^1]);
    }

    private static Vector128<int> Lanes(uint four) => Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(four).AsByte())).AsInt32();

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
        for (var y = 0; y < height; y++)
        {
            VerticalOf(source, taps.First[y], taps.Weights.AsSpan(y * taps.Most, taps.Count[y]), target.Row(y));
        }
    }

    /// <summary>Sums of a vector of columns stay in registers, from the first line to the last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // Vectors of the machine's width are not compiled ahead of time.
    private static void VerticalOf(Picture source, int first, ReadOnlySpan<int> weights, Span<byte> target)
    {
        var pixels = source.Pixels[(first * target.Length)..];
        var (stride, i) = (target.Length, 0);
        for (; i <= target.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            var (a, b, c, d) = (new Vector<int>(Half), new Vector<int>(Half), new Vector<int>(Half), new Vector<int>(Half));
            for (var tap = 0; tap < weights.Length; tap++)
            {
                Vector.Widen(new Vector<byte>(pixels[((tap * stride) + i)..]), out var low, out var high);
                Vector.Widen(low, out var p, out var q);
                Vector.Widen(high, out var r, out var s);
                a += p.As<uint, int>() * weights[tap];
                b += q.As<uint, int>() * weights[tap];
                c += r.As<uint, int>() * weights[tap];
                d += s.As<uint, int>() * weights[tap];
            }

            Vector.Narrow(Vector.Narrow(Bytes(a), Bytes(b)), Vector.Narrow(Bytes(c), Bytes(d))).CopyTo(target[i..]);
        }

        for (; i < target.Length; i++)
        {
            var sum = Half;
            for (var tap = 0; tap < weights.Length; tap++)
            {
                sum += pixels[(tap * stride) + i] * weights[tap];
            }

            target[i] = Byte(sum);
        }
    }

    private static Vector<uint> Bytes(Vector<int> sums) =>
        Vector.Min(Vector.Max(Vector.ShiftRightArithmetic(sums, ResampleTaps.PrecisionBits), Vector<int>.Zero), new Vector<int>(255)).As<int, uint>();

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
