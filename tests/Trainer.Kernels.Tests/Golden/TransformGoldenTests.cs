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
        if (group == "rotate")
        {
            var odd = expected.Zip(work.Picture.Pixels.ToArray()).Count(pair => pair.First != pair.Second);
            Assert.InRange(odd, 0, expected.Length / 1000);
        }
        else
        {
            Assert.Equal(expected, work.Picture.Pixels.ToArray());
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
