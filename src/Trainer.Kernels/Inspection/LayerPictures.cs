using Trainer.Kernels.Data;

namespace Trainer.Kernels.Inspection;

/// <summary>What a layer has learnt, and what it gives, as pictures.</summary>
public static class LayerPictures
{
    private const int Middle = 128;
    private const int Swing = 127;

    /// <summary>The filters of a convolution: one picture each where they see 1 or 3 channels (grey or colour), else one for each channel of each filter.</summary>
    /// <param name="weights">(filters, channels, height, width), all of them.</param>
    /// <param name="filters">Only the first so many.</param>
    /// <param name="channels">Of each filter likewise; colour filters always have all.</param>
    /// <remarks>A weight of 0 is mid-grey, the largest absolute weight of a filter black or white: signs and proportions within a filter are seen.</remarks>
    public static IReadOnlyList<Picture> OfFilters(ReadOnlySpan<float> weights, Shape shape, int filters, int channels)
    {
        var (all, pixels) = (shape[1], shape[2] * shape[3]);
        var pictures = new List<Picture>();
        for (var filter = 0; filter < Math.Min(filters, shape[0]); filter++)
        {
            var own = weights.Slice(filter * all * pixels, all * pixels);
            var scale = Swing / Greatest(own);
            if (all == 3)
            {
                pictures.Add(Colours(own, shape, scale));
                continue;
            }

            for (var channel = 0; channel < Math.Min(channels, all); channel++)
            {
                pictures.Add(Grey(own.Slice(channel * pixels, pixels), shape[2], shape[3], value => Middle + (value * scale)));
            }
        }

        return pictures;
    }

    /// <summary>A picture for each channel, from its least value (black) to its greatest (white); mid-grey where all are equal. What is no number is black.</summary>
    /// <param name="output">(C, H, W)</param>
    /// <param name="channels">Only the first so many.</param>
    /// <returns>Each with its least and its greatest value.</returns>
    public static IReadOnlyList<(Picture Picture, float Least, float Greatest)> OfMaps(ReadOnlySpan<float> output, Shape shape, int channels)
    {
        var pixels = shape[1] * shape[2];
        var maps = new List<(Picture, float, float)>();
        for (var channel = 0; channel < Math.Min(channels, shape[0]); channel++)
        {
            var map = output.Slice(channel * pixels, pixels);
            var (least, greatest) = RangeOf(map);
            var scale = greatest > least ? byte.MaxValue / ((double)greatest - least) : 0;
            maps.Add((Grey(map, shape[1], shape[2], value => scale > 0 ? (value - least) * scale : Middle), least, greatest));
        }

        return maps;
    }

    private static Picture Grey(ReadOnlySpan<float> values, int height, int width, Func<float, double> level)
    {
        var picture = new Picture();
        var to = picture.Reshape(height, width, 1);
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = Byte(level(values[i]));
        }

        return picture;
    }

    private static Picture Colours(ReadOnlySpan<float> filter, Shape shape, double scale)
    {
        var picture = new Picture();
        var to = picture.Reshape(shape[2], shape[3], 3);
        var pixels = shape[2] * shape[3];
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = Byte(Middle + (filter[(i % 3 * pixels) + (i / 3)] * scale));
        }

        return picture;
    }

    // Not a number is 0.
    private static byte Byte(double level) => (byte)Math.Clamp(double.IsNaN(level) ? 0 : Math.Round(level), byte.MinValue, byte.MaxValue);

    // At least what does not overflow when something is divided by it.
    private static double Greatest(ReadOnlySpan<float> values)
    {
        var greatest = 0.0;
        foreach (var value in values)
        {
            greatest = float.IsFinite(value) ? Math.Max(greatest, Math.Abs((double)value)) : greatest;
        }

        return greatest > 0 ? greatest : 1;
    }

    private static (float Least, float Greatest) RangeOf(ReadOnlySpan<float> values)
    {
        var (least, greatest) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (var value in values)
        {
            if (float.IsFinite(value))
            {
                (least, greatest) = (Math.Min(least, value), Math.Max(greatest, value));
            }
        }

        return least <= greatest ? (least, greatest) : (0, 0);
    }
}
