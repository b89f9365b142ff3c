namespace Trainer.Kernels.Data.Transforms;

/// <summary>How a picture goes on beyond its edges; as torchvision's padding_mode.</summary>
public enum PaddingMode
{
    /// <summary>One value.</summary>
    Constant,

    /// <summary>The last pixel.</summary>
    Edge,

    /// <summary>Mirrored, without the last pixel.</summary>
    Reflect,

    /// <summary>Mirrored, with it.</summary>
    Symmetric,
}

/// <summary>A rectangle out of a picture, and room around one.</summary>
internal static class Cutting
{
    public static void Crop(PictureWork work, int top, int left, int height, int width)
    {
        var source = work.Picture;
        if ((top, left, height, width) == (0, 0, source.Height, source.Width))
        {
            return;
        }

        work.Spare.Reshape(height, width, source.Channels);
        for (var y = 0; y < height; y++)
        {
            source.Row(top + y).Slice(left * source.Channels, width * source.Channels).CopyTo(work.Spare.Row(y));
        }

        work.Swap();
    }

    public static void Pad(PictureWork work, in Margins margins, PaddingMode mode, byte fill)
    {
        if (margins == default)
        {
            return;
        }

        var (source, target, channels) = (work.Picture, work.Spare, work.Picture.Channels);
        target.Reshape(source.Height + margins.Top + margins.Bottom, source.Width + margins.Left + margins.Right, channels);
        for (var y = 0; y < target.Height; y++)
        {
            var row = target.Row(y);
            var from = Place(y - margins.Top, source.Height, mode);
            if (from < 0)
            {
                row.Fill(fill);
                continue;
            }

            var line = source.Row(from);
            line.CopyTo(row[(margins.Left * channels)..]);
            FillMargin(row, line, 0, margins.Left, -margins.Left, channels, mode, fill);
            FillMargin(row, line, margins.Left + source.Width, margins.Right, source.Width, channels, mode, fill);
        }

        work.Swap();
    }

    private static void FillMargin(Span<byte> row, ReadOnlySpan<byte> line, int at, int count, int place, int channels, PaddingMode mode, byte fill)
    {
        for (var i = 0; i < count; i++)
        {
            var pixel = row.Slice((at + i) * channels, channels);
            var from = Place(place + i, line.Length / channels, mode);
            if (from < 0)
            {
                pixel.Fill(fill);
            }
            else
            {
                line.Slice(from * channels, channels).CopyTo(pixel);
            }
        }
    }

    /// <summary>Which pixel stands at a place that may lie outside; -1: the fill.</summary>
    private static int Place(int i, int length, PaddingMode mode)
    {
        if (i >= 0 && i < length)
        {
            return i;
        }

        switch (mode)
        {
            case PaddingMode.Constant:
                return -1;
            case PaddingMode.Edge:
                return Math.Clamp(i, 0, length - 1);
            case PaddingMode.Reflect when length == 1:
                return 0;
            case PaddingMode.Reflect:
                var period = 2 * (length - 1);
                i = ((i % period) + period) % period;
                return i < length ? i : period - i;
            default:
                i = ((i % (2 * length)) + (2 * length)) % (2 * length);
                return i < length ? i : (2 * length) - 1 - i;
        }
    }
}

/// <summary>Pixels around a picture.</summary>
internal readonly record struct Margins(int Left, int Top, int Right, int Bottom);
