using System.Diagnostics;
using SkiaSharp;
using Trainer.Kernels;
using Trainer.Kernels.Data.Sections;

namespace Trainer.Benchmarks;

/// <summary>
/// <c>data [images] [rounds]</c>: what a loader's thread needs for a JPEG of 500x375 pixels, quality 90: decoded alone, and with random_resized_crop 224, flip and normalize,
/// as floats. torchvision's side is <c>data.py</c>, which reads the same files.
/// </summary>
internal static class DataCommand
{
    private const int Height = 375;
    private const int Width = 500;

    public static int Run(string[] args)
    {
        var (images, rounds) = (args.Length > 0 ? int.Parse(args[0]) : 200, args.Length > 1 ? int.Parse(args[1]) : 3);
        var folder = Path.Combine(Path.GetTempPath(), "trainer-benchmark-pictures");
        Write(folder, images);
        Measure("decode", folder, images, rounds, """{"train":[],"test":[]}""");
        Measure("decode, random_resized_crop 224, flip, normalize", folder, images, rounds, """
            {"train":[{"random_resized_crop":{"size":[224]}},{"random_horizontal_flip":{}},{"normalize":{"mean":[0.485,0.456,0.406],"std":[0.229,0.224,0.225]}}],
             "test":[{"resize":{"size":[224,224]}}]}
            """);
        return 0;
    }

    private static void Measure(string name, string folder, int images, int rounds, string transforms)
    {
        var (train, _) = DataSection.Load($$"""{"image_folder":{"path":"{{folder}}"},"transforms":{{transforms}},"validation":{"samples":1} }""");
        var (reader, floats) = (train.OpenReader(seed: 1), new float[train.Shape.Elements]);
        for (var round = 1; round <= rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            for (var sample = 0; sample < train.Count; sample++)
            {
                if (train.Shape == new Shape(3, Height, Width))
                {
                    reader.ReadPicture(sample, round);
                }
                else
                {
                    reader.Read(sample, round, floats);
                }
            }

            Console.WriteLine($"{name}: {Stopwatch.GetElapsedTime(start).TotalMilliseconds / train.Count:0.000} ms/image");
        }
    }

    /// <summary>Coloured noise, of the sizes that objects in photographs have, with a little of the camera's: 55 to 60 KB each.</summary>
    private static void Write(string folder, int images)
    {
        Directory.CreateDirectory(Path.Combine(folder, "a"));
        var random = new Random(1);
        for (var i = 0; i < images; i++)
        {
            var path = Path.Combine(folder, "a", $"{i:0000}.jpg");
            if (!File.Exists(path))
            {
                Write(path, random);
            }
        }
    }

    private static void Write(string path, Random random)
    {
        using var coarse = new SKBitmap(new SKImageInfo(32, 24, SKColorType.Rgba8888, SKAlphaType.Opaque));
        for (var pixel = 0; pixel < 32 * 24; pixel++)
        {
            coarse.SetPixel(pixel % 32, pixel / 32, new SKColor((byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256)));
        }

        using var picture = coarse.Resize(new SKImageInfo(Width, Height, SKColorType.Rgba8888, SKAlphaType.Opaque), new SKSamplingOptions(SKCubicResampler.Mitchell));
        var pixels = picture.GetPixelSpan().ToArray();
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = i % 4 == 3 ? (byte)255 : (byte)Math.Clamp(pixels[i] + random.Next(-12, 13), 0, 255);
        }

        using var noisy = SKImage.FromPixelCopy(picture.Info, pixels);
        using var data = noisy.Encode(SKEncodedImageFormat.Jpeg, 90);
        File.WriteAllBytes(path, data.ToArray());
    }
}
