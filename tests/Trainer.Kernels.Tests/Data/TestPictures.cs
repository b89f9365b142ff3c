using SkiaSharp;

namespace Trainer.Kernels.Tests.Data;

/// <summary>Small pictures in files: of one colour, with a darker corner.</summary>
internal static class TestPictures
{
    /// <param name="path">Its ending says the format.</param>
    public static string Write(string path, int height, int width, byte red, byte green, byte blue)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var shade = x < width / 3 && y < height / 3 ? 2 : 1;
                bitmap.SetPixel(x, y, new SKColor((byte)(red / shade), (byte)(green / shade), (byte)(blue / shade)));
            }
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = File.Create(path);
        bitmap.Encode(file, Path.GetExtension(path).ToLowerInvariant() switch { ".png" => SKEncodedImageFormat.Png, ".webp" => SKEncodedImageFormat.Webp, _ => SKEncodedImageFormat.Jpeg }, 95);
        return path;
    }
}
