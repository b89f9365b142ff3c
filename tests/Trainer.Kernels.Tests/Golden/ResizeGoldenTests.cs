using System.Text.Json;
using Trainer.Kernels.Data;

namespace Trainer.Kernels.Tests.Golden;

/// <summary>Bilinear resizing is torch's interpolate.</summary>
public class ResizeGoldenTests
{
    public static TheoryData<string> Names => [.. Cases().Select(golden => golden.Text("name"))];

    [Theory]
    [MemberData(nameof(Names))]
    public void Planes_are_resized_as_by_pytorch(string name)
    {
        var golden = Cases().Single(golden => golden.Text("name") == name);
        var (channels, stride) = (golden.Int("channels"), golden.Int("stride"));
        var (from, to) = (golden.GetProperty("from").ShapeOf(), golden.GetProperty("to").ShapeOf());
        var x = GoldenValues.Tensor($"{name}.x", channels * from.Elements);
        var y = new float[channels * to.Elements];
        var resize = new BilinearResize(from[0], from[1], to[0], to[1]);
        for (var c = 0; c < channels; c++)
        {
            resize.Run(x.AsSpan(c * (int)from.Elements, (int)from.Elements), y.AsSpan(c * (int)to.Elements, (int)to.Elements));
        }

        var expected = golden.Doubles("y");
        Assert.Equal((y.Length + stride - 1) / stride, expected.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - y[i * stride]) < 1e-6, $"{name}[{i * stride}]: expected {expected[i]}, got {y[i * stride]}");
        }
    }

    private static IEnumerable<JsonElement> Cases() => GoldenValues.Load("resize.json").GetProperty("cases").EnumerateArray();
}
