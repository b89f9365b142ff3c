namespace Trainer.Kernels.Data.Transforms;

/// <summary>Pillow's arithmetic on colours (Convert.c, Blend.c, ImageEnhance.py, ImageStat.py), byte for byte.</summary>
internal static class Colours
{
    /// <summary>ITU-R 601-2 in 16 bits: Pillow's conversion to L.</summary>
    public static byte Luma(byte r, byte g, byte b) => (byte)(((r * 19595) + (g * 38470) + (b * 7471) + 0x8000) >> 16);

    /// <summary>Towards black, or away from it.</summary>
    public static void Brightness(Span<byte> pixels, double factor)
    {
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = Blend(0, pixels[i], (float)factor);
        }
    }

    /// <summary>Towards the mean of all pixels' lumas, or away from it.</summary>
    public static void Contrast(Span<byte> pixels, int channels, double factor)
    {
        var sum = 0L;
        for (var at = 0; at < pixels.Length; at += channels)
        {
            sum += LumaAt(pixels, at, channels);
        }

        var mean = (byte)((sum / (double)(pixels.Length / channels)) + 0.5);
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = Blend(mean, pixels[i], (float)factor);
        }
    }

    /// <summary>Towards each pixel's luma, or away from it.</summary>
    public static void Saturation(Span<byte> pixels, int channels, double factor)
    {
        for (var at = 0; at < pixels.Length; at += channels)
        {
            var luma = LumaAt(pixels, at, channels);
            for (var c = 0; c < channels; c++)
            {
                pixels[at + c] = Blend(luma, pixels[at + c], (float)factor);
            }
        }
    }

    /// <summary>Round the circle of hues, of 256 steps.</summary>
    public static void Hue(Span<byte> pixels, double factor)
    {
        var steps = unchecked((byte)(int)(factor * 255));
        for (var at = 0; at < pixels.Length; at += 3)
        {
            var pixel = pixels.Slice(at, 3);
            var (h, s, v) = ToHsv(pixel[0], pixel[1], pixel[2]);
            FromHsv(unchecked((byte)(h + steps)), s, v, pixel);
        }
    }

    private static byte LumaAt(ReadOnlySpan<byte> pixels, int at, int channels) => channels == 3 ? Luma(pixels[at], pixels[at + 1], pixels[at + 2]) : pixels[at];

    public static byte Blend(byte from, byte to, float factor)
    {
        var value = from + (factor * (to - from));
        return factor is >= 0 and <= 1 ? (byte)value : value <= 0 ? (byte)0 : value >= 255 ? (byte)255 : (byte)value;
    }

    private static (byte H, byte S, byte V) ToHsv(byte r, byte g, byte b)
    {
        var (most, least) = (Math.Max(r, Math.Max(g, b)), Math.Min(r, Math.Min(g, b)));
        if (most == least)
        {
            return (0, 0, most);
        }

        float range = most - least;
        var (rc, gc, bc) = ((most - r) / range, (most - g) / range, (most - b) / range);
        var h = r == most ? bc - gc : g == most ? (float)(2.0 + rc - bc) : (float)(4.0 + gc - rc);
        h = (float)(((h / 6.0) + 1.0) % 1.0);
        return (Clip((int)(h * 255.0)), Clip((int)(range / most * 255.0)), most);
    }

    private static void FromHsv(byte h, byte s, byte v, Span<byte> pixel)
    {
        if (s == 0)
        {
            pixel.Fill(v);
            return;
        }

        var sector = (int)Math.Floor(h * 6.0 / 255.0);
        var rest = (float)((h * 6.0 / 255.0) - sector);
        var saturation = (float)(s / 255.0);
        var p = Rounded(v * (1.0 - saturation));
        var q = Rounded(v * (1.0 - (saturation * rest)));
        var t = Rounded(v * (1.0 - (saturation * (1.0 - rest))));
        (pixel[0], pixel[1], pixel[2]) = (sector % 6) switch
        {
            0 => (v, t, p),
            1 => (q, v, p),
            2 => (p, v, t),
            3 => (p, q, v),
            4 => (t, p, v),
            _ => (v, p, q),
        };
    }

    private static byte Rounded(double value) => Clip((int)Math.Round(value, MidpointRounding.AwayFromZero));

    private static byte Clip(int value) => (byte)Math.Clamp(value, 0, 255);
}
