namespace Trainer.Kernels.Data.Transforms;

/// <summary>Pillow's arithmetic on tones (ImageOps.py, ImageEnhance.py, Filter.c), byte for byte.</summary>
internal static class Tones
{
    private const int Levels = 256;
    private const float Beside = 1f / 13;
    private const float Middle = 5f / 13;

    /// <summary>So many bits of each value stay.</summary>
    public static void Posterize(Span<byte> pixels, int bits)
    {
        var mask = (byte)~((1 << (8 - bits)) - 1);
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] &= mask;
        }
    }

    /// <summary>Values from the threshold on are inverted.</summary>
    public static void Solarize(Span<byte> pixels, double threshold)
    {
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = pixels[i] < threshold ? pixels[i] : (byte)(255 - pixels[i]);
        }
    }

    /// <summary>Each channel from 0 to 255.</summary>
    public static void AutoContrast(Span<byte> pixels, int channels) => ByChannel(pixels, channels, static (counts, table) =>
    {
        var (low, high) = (counts.IndexOfAnyExcept(0), counts.LastIndexOfAnyExcept(0));
        var scale = 255.0 / (high - low);
        for (var i = 0; i < Levels; i++)
        {
            table[i] = high <= low ? (byte)i : (byte)Math.Clamp((int)((i * scale) + (-low * scale)), 0, 255);
        }
    });

    /// <summary>Each channel's values as evenly spread as may be.</summary>
    public static void Equalize(Span<byte> pixels, int channels) => ByChannel(pixels, channels, static (counts, table) =>
    {
        var all = 0;
        foreach (var count in counts)
        {
            all += count;
        }

        var step = (all - counts[counts.LastIndexOfAnyExcept(0)]) / 255;
        var sum = step / 2;
        for (var i = 0; i < Levels; i++)
        {
            table[i] = step == 0 ? (byte)i : (byte)Math.Min(sum / step, 255);
            sum += counts[i];
        }
    });

    /// <summary>Towards the smoothed picture, or away from it.</summary>
    public static void Sharpness(PictureWork work, double factor)
    {
        var (source, target, channels) = (work.Picture, work.Spare, work.Picture.Channels);
        source.CopyTo(target);
        for (var y = 1; y < source.Height - 1; y++)
        {
            Span<byte> above = source.Row(y - 1), at = source.Row(y), below = source.Row(y + 1), row = target.Row(y);
            for (var i = channels; i < at.Length - channels; i++)
            {
                var sum = 0.5f;
                sum += (below[i - channels] * Beside) + (below[i] * Beside) + (below[i + channels] * Beside);
                sum += (at[i - channels] * Beside) + (at[i] * Middle) + (at[i + channels] * Beside);
                sum += (above[i - channels] * Beside) + (above[i] * Beside) + (above[i + channels] * Beside);
                row[i] = sum >= 255 ? (byte)255 : (byte)sum;
            }
        }

        for (var i = 0; i < source.Pixels.Length; i++)
        {
            target.Pixels[i] = Colours.Blend(target.Pixels[i], source.Pixels[i], (float)factor);
        }

        work.Swap();
    }

    private static void ByChannel(Span<byte> pixels, int channels, TableOf makeTable)
    {
        Span<int> counts = stackalloc int[Levels];
        Span<byte> table = stackalloc byte[Levels];
        for (var channel = 0; channel < channels; channel++)
        {
            counts.Clear();
            for (var i = channel; i < pixels.Length; i += channels)
            {
                counts[pixels[i]]++;
            }

            makeTable(counts, table);
            for (var i = channel; i < pixels.Length; i += channels)
            {
                pixels[i] = table[pixels[i]];
            }
        }
    }

    private delegate void TableOf(ReadOnlySpan<int> counts, Span<byte> table);
}
