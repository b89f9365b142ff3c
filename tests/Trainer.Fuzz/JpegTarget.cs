using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Jpeg;
using Trainer.Kernels.Data.Pictures;
using Trainer.Kernels.Tests.Data;

namespace Trainer.Fuzz;

/// <summary>The decoder of JPEGs by vectors beside Skia: a file that it takes and Skia does not, or whose pixels are others, is a fault.</summary>
internal static class JpegTarget
{
    private const int MostPixels = 1 << 20;

    private static readonly (int, int)[][] Samplings = [[(1, 1)], [(1, 1), (1, 1), (1, 1)], [(2, 1), (1, 1), (1, 1)], [(2, 2), (1, 1), (1, 1)]];

    /// <param name="samples">JPEGs of all kinds.</param>
    public static Target Of(IEnumerable<byte[]> samples) => new("jpeg", Read, [typeof(BrokenSampleException)], [.. samples, .. Samplings.Select(sampling => Handmade(sampling))]);

    private static byte[] Handmade((int, int)[] sampling) => new HandmadeJpeg(13, 17, sampling, Interval: 2) { CoefficientBits = 3, MostStep = 9 }.Write(seed: 1);

    private static void Read(byte[] input)
    {
        var (found, expected) = (new Picture(), new Picture());
        var isTaken = JpegDecoder.IsSupported && new JpegDecoder().TryDecode(input, found);
        try
        {
            var form = SkiaDecoder.Describe("picture", input);
            if (!isTaken && form.Height * (long)form.Width > MostPixels)
            {
                return; // Skia takes memory for what a header says.
            }

            new SkiaDecoder().Decode("picture", input, expected, part: null);
        }
        catch (BrokenSampleException broken) when (isTaken)
        {
            throw new InvalidOperationException("Skia refuses what is taken by vectors.", broken);
        }

        if (isTaken && ((found.Height, found.Width) != (expected.Height, expected.Width) || !found.Pixels.SequenceEqual(expected.Pixels)))
        {
            throw new InvalidOperationException("Vectors give other pixels than Skia.");
        }
    }
}
