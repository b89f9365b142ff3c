using SkiaSharp;
using Trainer.Kernels;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Models;
using Flatten = Trainer.Kernels.Layers.Flatten;
using Linear = Trainer.Kernels.Layers.Linear;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Cli.Tests;

/// <summary>trainer evaluate and predict, where pictures have several labels: a class is there as sure as its pixel is white.</summary>
public sealed class SeveralLabelsCommandTests : TrainedModelTests
{
    private static readonly string[] Names = ["cat", "dog", "owl"];

    [Fact]
    public async Task Evaluate_gives_average_precisions_and_predict_each_classs_probability()
    {
        Write("0.png,cat,owl", "1.png,dog", "2.png,owl", "3.png,cat", "4.png");

        var json = await RunAsync("evaluate", Home["weights"], "--job", Home["job.yaml"], "-o", "json");
        var text = await RunAsync("evaluate", Home["weights"], "--job", Home["job.yaml"]);
        var csv = await RunAsync("evaluate", Home["weights"], "--job", Home["job.yaml"], "--csv");
        var all = await RunAsync("predict", Home["weights"], Home["0.png"], "--job", Home["job.yaml"], "-o", "json");
        var top = await RunAsync("predict", Home["weights"], Home["0.png"], "--job", Home["job.yaml"], "--top", "2");

        Assert.Equal((0, ""), (json.ExitCode, json.Errors));
        var result = json.JsonLines.Single();
        // Owl: 0.png and 4.png are equally bright, of which one is an owl, and 2.png, which is one, is dark as the rest.
        double[] expected = [1, 1, (0.5 * 0.5) + (0.5 * 2 / 5)];
        Assert.Equal(expected, result["classes"]!.AsArray().Select(each => (double)each!["average_precision"]!), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(expected.Average(), (double)result["mean_average_precision"]!, 1e-12);
        Assert.Matches(@"images +5\n(.*\n)*mAP +81\.7 %\n", text.Output.Replace("  ", " ", StringComparison.Ordinal).Replace("\n ", "\n", StringComparison.Ordinal));
        Assert.StartsWith("class,images,average_precision\ncat,2,1\ndog,1,1\nowl,2,0.45\n", csv.Output, StringComparison.Ordinal);
        Assert.Equal([("cat", 0.993), ("owl", 0.993), ("dog", 0.007)], all.JsonLines.Single()["top"]!.AsArray().Select(each => ((string)each!["name"]!, Math.Round((double)each["probability"]!, 3))));
        Assert.Matches(@"PROBABILITY\n\S*0\.png +cat +0\.9933\n +owl +0\.9933\n$", top.Output);
    }

    [Fact]
    public async Task Data_is_inspected_and_shown_with_all_labels()
    {
        Write("0.png,cat,owl", "1.png,dog", "2.png,owl", "3.png,cat", "4.png");

        var inspected = await RunAsync("data", "inspect", Home["job.yaml"], "-o", "json");
        var shown = await RunAsync("data", "preview", Home["job.yaml"], "--to", Home["preview.png"]);

        Assert.Contains("\"cat\":2,\"dog\":1,\"owl\":2", inspected.Output.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("0.png (cat, owl)", shown.Output, StringComparison.Ordinal);
        Assert.Contains("4.png (no class)", shown.Output, StringComparison.Ordinal);
    }

    /// <summary>The set that Rust's implementation wrote (Kernels.Tests/Data/huggingface.mjs): 7 pictures of three classes.</summary>
    [Fact]
    public async Task Parquet_is_inspected_and_packed()
    {
        var file = Path.Combine(Repository.Root, "tests/Trainer.Kernels.Tests/Data/huggingface.parquet");

        var inspected = await RunAsync("data", "inspect", file, "-o", "json");
        var packed = await RunAsync("data", "import", file, "--to", Home["set.pack"]);

        Assert.Equal((0, ""), (inspected.ExitCode, inspected.Errors));
        Assert.Contains("\"cat\":3,\"dog\":2,\"owl\":2", inspected.Output.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal((0, ""), (packed.ExitCode, packed.Errors));
        Assert.True(File.Exists(Home["set.pack"]));
    }

    /// <summary>Pixel k of 0.png to 4.png is white where it says so.</summary>
    private void Write(params string[] lines)
    {
        string[] lit = ["cat owl", "dog", "", "cat", "owl"];
        for (var i = 0; i < lit.Length; i++)
        {
            using var bitmap = new SKBitmap(3, 1, SKColorType.Rgba8888, SKAlphaType.Opaque);
            for (var x = 0; x < 3; x++)
            {
                bitmap.SetPixel(x, 0, lit[i].Contains(Names[x], StringComparison.Ordinal) ? SKColors.White : SKColors.Black);
            }

            using var file = File.Create(Home[$"{i}.png"]);
            bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
        }

        File.WriteAllLines(Home["table.csv"], lines);
        var layout = ParameterLayout.Of(new Model(new Shape(3, 1, 3), [new Flatten(), new Linear(3)]));
        var weights = new float[layout.Elements];
        var (matrix, bias) = (layout.Slots.Single(slot => slot.Shape.Rank == 2), layout.Slots.Single(slot => slot.Shape.Rank == 1));
        for (var k = 0; k < 3; k++)
        {
            (weights[matrix.Offset + (k * 9) + k], weights[bias.Offset + k]) = (10, -5);
        }

        Safetensors.WriteWeights(Home["weights"], layout, weights, facts: new ArtifactFacts(Names, new Shape(3, 1, 3)));
        File.WriteAllText(Home["job.yaml"], Job("[flatten: {}, linear: {out_features: 3}]")
            .Replace("idx: {train_images: images, train_labels: labels, test_images: images, test_labels: labels}", "csv: {train: table.csv, test: table.csv, labels: several}", StringComparison.Ordinal)
            + "\n  loss: {bce_with_logits: {}}\n");
    }
}
