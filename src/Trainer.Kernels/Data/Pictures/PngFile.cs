using SkiaSharp;
using Trainer.Kernels.Formats;

namespace Trainer.Kernels.Data.Pictures;

/// <summary>A picture as a PNG.</summary>
public static class PngFile
{
    /// <summary>Writes a picture of one channel (gray) or three (red, green, blue); the file appears whole or not at all.</summary>
    /// <exception cref="ArgumentException">It has another number of channels.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, Picture picture)
    {
        using var file = new AtomicFile(path);
        Write(file.Stream, picture);
        file.Commit();
    }

    /// <summary>Writes a picture of one channel (gray) or three (red, green, blue).</summary>
    /// <exception cref="ArgumentException">It has another number of channels.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static unsafe void Write(Stream to, Picture picture)
    {
        if (picture.Channels is not (1 or 3))
        {
            throw new ArgumentException($"The picture has {picture.Channels} channels; expected 1 or 3.", nameof(picture));
        }

        using var bitmap = new SKBitmap(new SKImageInfo(picture.Width, picture.Height, picture.Channels == 1 ? SKColorType.Gray8 : SKColorType.Rgba8888, SKAlphaType.Opaque));
        var pixels = new Span<byte>((void*)bitmap.GetPixels(), bitmap.ByteCount);
        for (var y = 0; y < picture.Height; y++)
        {
            CopyRow(picture.Row(y), pixels.Slice(y * bitmap.RowBytes, bitmap.RowBytes), picture.Channels);
        }

        using var encoded = bitmap.Encode(SKEncodedImageFormat.Png, quality: 100) ?? throw new IOException($"A picture of {picture.Width}x{picture.Height} pixels could not be encoded.");
        to.Write(encoded.AsSpan());
    }

    private static void CopyRow(ReadOnlySpan<byte> from, Span<byte> to, int channels)
    {
        if (channels == 1)
        {
            from.CopyTo(to);
            return;
        }

        for (int i = 0, at = 0; i < from.Length; i += 3, at += 4)
        {
            (to[at], to[at + 1], to[at + 2], to[at + 3]) = (from[i], from[i + 1], from[i + 2], byte.MaxValue);
        }
    }
}
