using SkiaSharp;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Jpeg;
using Trainer.Kernels.Data.Pictures;
using Trainer.Kernels.Data.Transforms;

namespace Trainer.Kernels.Tests.Data;

/// <summary>The decoder by vectors beside Skia: the same bytes of what it takes, and what it leaves is Skia's.</summary>
public sealed class JpegDecoderTests
{
    private static readonly (int, int)[] Whole = [(1, 1), (1, 1), (1, 1)];
    private static readonly (int, int)[] HalfAcross = [(2, 1), (1, 1), (1, 1)];
    private static readonly (int, int)[] HalfBoth = [(2, 2), (1, 1), (1, 1)];
    private static readonly (int, int)[] Grey = [(1, 1)];

    public JpegDecoderTests() => Assert.SkipUnless(JpegDecoder.IsSupported, "This machine has no AVX2: Skia decodes.");

    public static TheoryData<string, int> Kinds() => new(from kind in new[] { "whole", "across", "both", "grey" } from seed in Enumerable.Range(0, 12) select (kind, seed));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Drawn_pictures_and_their_parts_have_Skias_bytes(string kind, int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 12; i++)
        {
            var (height, width) = (random.Next(1, 75), random.Next(5, 75));
            var jpeg = new HandmadeJpeg(height, width, Sampling(kind), Interval: random.Next(3) * random.Next(1, 12)) { CoefficientBits = random.Next(1, 5), MostStep = random.Next(1, 20) };
            Check($"{jpeg} seed {seed}.{i}", jpeg.Write(random.Next()), random);
        }
    }

    [Theory]
    [InlineData(SKJpegEncoderDownsample.Downsample420)]
    [InlineData(SKJpegEncoderDownsample.Downsample422)]
    [InlineData(SKJpegEncoderDownsample.Downsample444)]
    public void Encoded_pictures_and_their_parts_have_Skias_bytes(SKJpegEncoderDownsample downsample)
    {
        var random = new Random(3);
        foreach (var (height, width) in new[] { (1, 5), (7, 11), (16, 16), (17, 33), (48, 31), (113, 257) })
        {
            foreach (var quality in new[] { 1, 30, 90, 100 })
            {
                Check($"{height}x{width} {downsample} q{quality}", Encode(random, height, width, quality, downsample), random);
            }
        }
    }

    public static TheoryData<string> Others() => [.. OtherFiles().Keys];

    /// <summary>Kinds that it does not know, sizes that libjpeg treats in a way of their own, and numbers that no picture has.</summary>
    [Theory]
    [MemberData(nameof(Others))]
    public void What_it_does_not_know_is_Skias(string name)
    {
        var file = OtherFiles()[name];
        Assert.False(new JpegDecoder().TryDecode(file, new Picture()), name);
        Assert.Equal(Answer(file, new SkiaDecoder()), Answer(file, new PictureDecoder()));
    }

    /// <summary>A file that a decoder takes and the other refuses, or that gives other pixels, is what must not be.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Damaged_files_have_Skias_bytes_or_its_words(int seed)
    {
        var (random, taken) = (new Random(seed), 0);
        var (jpeg, pictures, skia) = (new JpegDecoder(), new PictureDecoder(), new SkiaDecoder());
        foreach (var sampling in new[] { Whole, HalfAcross, HalfBoth, Grey })
        {
            var file = new HandmadeJpeg(random.Next(9, 40), random.Next(9, 40), sampling, random.Next(2) * 3) { CoefficientBits = 3, MostStep = 9 }.Write(random.Next());
            for (var i = 0; i < 250; i++)
            {
                var damaged = Damage(file, random);
                taken += jpeg.TryDecode(damaged, new Picture()) ? 1 : 0;
                Assert.Equal(Answer(damaged, skia), Answer(damaged, pictures));
            }
        }

        Assert.InRange(taken, 20, 980); // Of both kinds: bits of pixels that are others, and what is no picture any more.
    }

    /// <summary>A few bytes may claim any size: no memory is taken before there could be that many pixels.</summary>
    [Fact]
    public void A_size_that_the_file_cannot_hold_takes_no_memory()
    {
        var file = new HandmadeJpeg(8, 8, Whole).Write(1);
        var size = file.AsSpan().IndexOf((byte[])[0xFF, 0xC0]) + 5;
        (file[size], file[size + 1], file[size + 2], file[size + 3]) = (0xFF, 0, 0xFF, 0);
        var decoder = new JpegDecoder();
        decoder.TryDecode(file, new Picture());
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.False(decoder.TryDecode(file, new Picture()));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
    }

    /// <summary>Where a list of transforms begins with it, the part alone is made; the bytes are those of the whole picture's part.</summary>
    [Fact]
    public void A_crop_that_comes_first_gives_the_bytes_of_one_that_comes_second()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var random = new Random(5);
            for (var i = 0; i < 9; i++)
            {
                File.WriteAllBytes(Path.Combine(folder.CreateSubdirectory("a").FullName, $"{i}.jpg"), Encode(random, random.Next(20, 90), random.Next(20, 90), 90, SKJpegEncoderDownsample.Downsample420));
            }

            var source = ImageFolder.Open(folder.FullName).Train;
            var crop = new RandomResizedCrop([13, 17]);
            var reader = DataSet.From(source).With(new ImageTransform(), crop).OpenReader(seed: 7);
            for (var i = 0; i < 9; i++)
            {
                var (work, draws) = (new PictureWork(), new Draws(7, 2, i, 0));
                source.Read(i, work.Picture);
                crop.Apply(work, ref draws);
                Assert.Equal(work.Picture.Pixels, reader.ReadPicture(i, epoch: 2).Pixels);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Check(string name, byte[] file, Random random)
    {
        var (expected, found, decoder) = (new Picture(), new Picture(), new JpegDecoder());
        new SkiaDecoder().Decode(name, file, expected, part: null);
        Assert.True(decoder.TryDecode(file, found), $"{name}: is not taken");
        AssertRows(name, expected, found, new Area(0, 0, expected.Height, expected.Width));
        for (var i = 0; i < 8; i++)
        {
            var (height, width) = (random.Next(1, expected.Height + 1), random.Next(1, expected.Width + 1));
            var part = new Area(random.Next(expected.Height - height + 1), random.Next(expected.Width - width + 1), height, width);
            Assert.True(decoder.TryDecode(file, found, (_, _) => part), name);
            AssertRows(name, expected, found, part);
            new SkiaDecoder().Decode(name, file, found, (_, _) => part);
            AssertRows(name, expected, found, part);
        }
    }

    private static void AssertRows(string name, Picture whole, Picture found, Area part)
    {
        Assert.Equal((part.Height, part.Width, 3), (found.Height, found.Width, found.Channels));
        for (var y = 0; y < part.Height; y++)
        {
            var expected = whole.Row(part.Top + y).Slice(3 * part.Left, 3 * part.Width);
            Assert.True(expected.SequenceEqual(found.Row(y)), $"{name}: row {y} of {part} differs at byte {expected.CommonPrefixLength(found.Row(y))}");
        }
    }

    /// <summary>Pixels, or what is said instead.</summary>
    private static string Answer(byte[] file, object decoder)
    {
        var picture = new Picture();
        try
        {
            if (decoder is SkiaDecoder skia)
            {
                skia.Decode("picture", file, picture, part: null);
            }
            else
            {
                ((PictureDecoder)decoder).Decode("picture", file, picture);
            }

            return $"{picture.Height}x{picture.Width} {Convert.ToHexString(picture.Pixels)}";
        }
        catch (BrokenSampleException broken)
        {
            return broken.Message;
        }
    }

    private static byte[] Damage(byte[] file, Random random)
    {
        if (random.Next(4) == 0)
        {
            return file[..random.Next(file.Length)];
        }

        var damaged = file.ToList();
        for (var i = random.Next(1, 3); i > 0; i--)
        {
            var at = random.Next(damaged.Count);
            switch (random.Next(4))
            {
                case 0:
                    damaged.RemoveAt(at);
                    break;
                case 1:
                    damaged.Insert(at, (byte)random.Next(256));
                    break;
                default:
                    damaged[at] ^= (byte)(1 << random.Next(8));
                    break;
            }
        }

        return [.. damaged];
    }

    private static byte[] Encode(Random random, int height, int width, int quality, SKJpegEncoderDownsample downsample)
    {
        var pixels = new byte[4 * height * width];
        random.NextBytes(pixels);
        using var coarse = SKImage.FromPixelCopy(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque), pixels);
        using var picture = coarse.PeekPixels()!;
        using var data = picture.Encode(new SKJpegEncoderOptions(quality, downsample, SKJpegEncoderAlphaOption.Ignore));
        return data!.ToArray();
    }

    private static Dictionary<string, byte[]> OtherFiles()
    {
        var small = new HandmadeJpeg(19, 23, HalfBoth) { CoefficientBits = 2, MostStep = 9 };
        byte[] adobe = [0xFF, 0xEE, 0, 14, .. "Adobe"u8, 0, 100, 0, 0, 0, 0];
        return new()
        {
            ["4:4:0"] = (small with { Sampling = [(1, 2), (1, 1), (1, 1)] }).Write(1),
            ["4:1:1"] = (small with { Sampling = [(4, 1), (1, 1), (1, 1)] }).Write(2),
            ["half as fine and four pixels wide"] = (small with { Width = 4 }).Write(3),
            ["CMYK"] = (small with { Sampling = [(1, 1), (1, 1), (1, 1), (1, 1)], Segments = [.. adobe, 0] }).Write(4),
            ["YCCK"] = (small with { Sampling = [(2, 2), (1, 1), (1, 1), (2, 2)], Segments = [.. adobe, 2] }).Write(5),
            ["RGB by Adobe's segment"] = (small with { Sampling = Whole, Segments = [.. adobe, 0] }).Write(6),
            ["RGB by its components' names"] = (small with { Sampling = Whole, Segments = [], Ids = "RGB"u8.ToArray() }).Write(7),
            ["arithmetic codes"] = (small with { Frame = 0xC9 }).Write(8),
            ["lossless"] = (small with { Frame = 0xC3 }).Write(9),
            ["a progressive frame with a scan of a baseline one"] = (small with { Frame = 0xC2 }).Write(10),
            ["coefficients beyond any picture's"] = (small with { CoefficientBits = 10, MostStep = 255 }).Write(11),
            ["first coefficients beyond any picture's"] = (small with { DifferenceBits = 11, MostStep = 255 }).Write(12),
            ["progressive"] = Sample("420-progressive.jpg"),
            ["CMYK by Pillow"] = Sample("cmyk.jpg"),
            ["PNG"] = Sample("rgb.png"),
            ["empty"] = [],
        };
    }

    private static byte[] Sample(string name)
    {
        using var content = typeof(PictureDecoder).Assembly.GetManifestResourceStream($"decoder/{name}")!;
        var file = new byte[content.Length];
        content.ReadExactly(file);
        return file;
    }

    private static (int, int)[] Sampling(string kind) => kind switch { "whole" => Whole, "across" => HalfAcross, "both" => HalfBoth, _ => Grey };
}
