using System.Text.Json;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Pictures;
using Trainer.Kernels.Data.Transforms;

namespace Trainer.Kernels.Tests.Golden;

/// <summary>What transforms do once their numbers are drawn has the bytes of torchvision on PIL images; what is decoded has PIL's.</summary>
public class TransformGoldenTests
{
    private static JsonElement Golden { get; } = GoldenValues.Load("transforms.json");

    public static TheoryData<string, string> Names =>
        [.. Golden.EnumerateObject().Where(group => group.Value.ValueKind == JsonValueKind.Array)
            .SelectMany(group => group.Value.EnumerateArray().Select(golden => (group.Name, golden.Text("name"))))];

    [Theory]
    [MemberData(nameof(Names))]
    public void Bytes_are_torchvisions(string group, string name)
    {
        var golden = Golden.GetProperty(group).EnumerateArray().Single(golden => golden.Text("name") == name);
        var work = new PictureWork();
        Run(group, golden, work);

        var expected = golden.GetProperty("result").GetBytesFromBase64();
        var to = Wholes(golden, "to");
        Assert.Equal((to[0], to[1], to[2]), (work.Picture.Height, work.Picture.Width, work.Picture.Channels));
        if (group is "rotate" or "affine" || golden.Text("name").Contains("Shear", StringComparison.Ordinal) || golden.Text("name").Contains("Rotate", StringComparison.Ordinal))
        {
            var odd = expected.Zip(work.Picture.Pixels.ToArray()).Count(pair => pair.First != pair.Second);
            Assert.InRange(odd, 0, expected.Length / 1000);
        }
        else
        {
            Assert.Equal(expected, work.Picture.Pixels.ToArray());
        }
    }

    [Theory]
    [InlineData("rand_augment")]
    [InlineData("trivial_augment_wide")]
    public void Magnitudes_are_torchvisions(string name)
    {
        var space = name == "rand_augment"
            ? new AugmentationSpace(31, 0.3f, (float)(150.0 / 331.0 * 37), (float)(150.0 / 331.0 * 23), 30, 0.9f, 4)
            : new AugmentationSpace(31, 0.99f, 32, 32, 135, 0.99f, 6);
        var golden = Golden.GetProperty("magnitudes").GetProperty(name);

        Assert.Equal(Enum.GetValues<AugmentationKind>().Where(AugmentationSpace.HasMagnitude).Select(kind => kind.ToString()).Order(StringComparer.Ordinal), golden.EnumerateObject().Select(kind => kind.Name).Order(StringComparer.Ordinal));
        foreach (var kind in golden.EnumerateObject())
        {
            // Torch's own have another last bit now and then, as its vectors fall.
            Assert.All(
                kind.Value.EnumerateArray().Select(value => value.GetDouble()).Zip(Enumerable.Range(0, 31).Select(bin => space.Magnitude(Enum.Parse<AugmentationKind>(kind.Name), bin))),
                pair => Assert.Equal(pair.First, pair.Second, 2e-7 * Math.Abs(pair.First)));
        }
    }

    private static void Run(string group, JsonElement golden, PictureWork work)
    {
        if (group == "decode")
        {
            new PictureDecoder().Decode(golden.Text("name"), golden.GetProperty("file").GetBytesFromBase64(), work.Picture);
            return;
        }

        Fill(work.Picture.Reshape(golden.Int("height"), golden.Int("width"), golden.Int("channels")));
        var draws = default(Draws);
        switch (group)
        {
            case "resize":
                new Resize(Wholes(golden, "size"), Enum.Parse<Interpolation>(golden.Text("interpolation"), ignoreCase: true)).Apply(work, ref draws);
                break;
            case "center_crop":
                new CenterCrop(Wholes(golden, "size")).Apply(work, ref draws);
                break;
            case "pad":
                var margins = Wholes(golden, "margins");
                Cutting.Pad(work, new Margins(margins[0], margins[1], margins[2], margins[3]), Enum.Parse<PaddingMode>(golden.Text("mode"), ignoreCase: true), 99);
                break;
            case "resized_crop":
                var area = Wholes(golden, "area");
                Cutting.Crop(work, area[0], area[1], area[2], area[3]);
                work.Tool<Resampler>().Run(work, 16, 19, Interpolation.Bilinear);
                break;
            case "adjust":
                Adjust(golden.Text("kind"), golden.GetProperty("factor").GetDouble(), work.Picture);
                break;
            case "grayscale":
                new Grayscale(golden.Int("outputs")).Apply(work, ref draws);
                break;
            case "affine":
                var (moved, sheared) = (Wholes(golden, "translate"), golden.GetProperty("shear").EnumerateArray().Select(degrees => degrees.GetDouble()).ToArray());
                AffineMap.Inverse(
                    golden.GetProperty("angle").GetDouble(), (moved[0], moved[1]), golden.GetProperty("scale").GetDouble(), (sheared[0], sheared[1]), golden.Int("width") * 0.5, golden.Int("height") * 0.5)
                    .Apply(work, fill: 7);
                break;
            case "augment":
                AugmentationSpace.Apply(Enum.Parse<AugmentationKind>(golden.Text("kind")), golden.GetProperty("magnitude").GetDouble(), work, fill: 7);
                break;
            default:
                Rotation.Apply(work, golden.GetProperty("angle").GetDouble(), fill: 7);
                break;
        }
    }

    private static void Adjust(string kind, double factor, Picture picture)
    {
        switch (kind)
        {
            case "brightness":
                Colours.Brightness(picture.Pixels, factor);
                break;
            case "contrast":
                Colours.Contrast(picture.Pixels, picture.Channels, factor);
                break;
            case "saturation":
                Colours.Saturation(picture.Pixels, picture.Channels, factor);
                break;
            default:
                Colours.Hue(picture.Pixels, factor);
                break;
        }
    }

    /// <summary>picture of transforms.py.</summary>
    private static void Fill(Span<byte> pixels)
    {
        for (long i = 0; i < pixels.Length; i++)
        {
            pixels[(int)i] = (byte)(((i * i * 7) + (i * 13) + (i / 5 * 31)) % 251);
        }
    }

    private static int[] Wholes(JsonElement golden, string property) => [.. golden.GetProperty(property).EnumerateArray().Select(value => value.GetInt32())];
}
