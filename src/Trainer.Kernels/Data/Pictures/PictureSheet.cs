using SkiaSharp;

namespace Trainer.Kernels.Data.Pictures;

/// <summary>Pictures beside and below each other in one PNG, row by row, each in the upper left corner of a field that holds the largest.</summary>
public static class PictureSheet
{
    /// <summary>Pixels between pictures, and around all of them.</summary>
    public const int Gap = 2;

    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<Picture> pictures, int columns)
    {
        using var file = File.Create(path);
        Write(file, pictures, columns);
    }

    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static unsafe void Write(Stream to, IReadOnlyList<Picture> pictures, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfZero(pictures.Count, nameof(pictures));
        var (height, width) = (pictures.Max(picture => picture.Height) + Gap, pictures.Max(picture => picture.Width) + Gap);
        var rows = ((pictures.Count - 1) / columns) + 1;
        using var sheet = new SKBitmap(new SKImageInfo((Math.Min(columns, pictures.Count) * width) + Gap, (rows * height) + Gap, SKColorType.Rgba8888, SKAlphaType.Opaque));
        sheet.Erase(SKColors.White);
        var pixels = new Span<byte>((void*)sheet.GetPixels(), sheet.ByteCount);
        for (var i = 0; i < pictures.Count; i++)
        {
            Place(pictures[i], pixels, sheet.RowBytes, Gap + (i / columns * height), Gap + (i % columns * width));
        }

        sheet.Encode(to, SKEncodedImageFormat.Png, quality: 100);
    }

    private static void Place(Picture picture, Span<byte> sheet, int rowBytes, int top, int left)
    {
        for (var y = 0; y < picture.Height; y++)
        {
            var (row, at) = (picture.Row(y).ToArray(), ((top + y) * rowBytes) + (left * 4));
            for (var x = 0; x < picture.Width; x++, at += 4)
            {
                for (var c = 0; c < 3; c++)
                {
                    sheet[at + c] = row[(x * picture.Channels) + (picture.Channels == 1 ? 0 : c)];
                }
            }
        }
    }
}
