using System.Text.Json;
using SkiaSharp;
using Trainer.Cluster.Tests.Processes;
using Trainer.Kernels;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;

namespace Trainer.Cluster.Tests;

/// <summary>docs/your-own-pictures.md on small pictures: reddish ones of one class, bluish ones of the other, of several sizes and formats.</summary>
[Collection("processes")]
public sealed class PictureTests(FiveWorkers five) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-pictures-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_folder_of_pictures_becomes_a_model()
    {
        WritePictures();
        File.Copy(Path.Combine(Repository.Root, "examples", "pictures.yaml"), Path.Combine(_folder, "pictures.yaml"));
        var cluster = await five.ClusterAsync();
        var inspected = await cluster.RunAsync("data", "inspect", Path.Combine(_folder, "pictures"), "--sheet", Path.Combine(_folder, "sheet.png"));
        Assert.True(inspected.ExitCode == 0, inspected.Error);

        // A smaller network and larger steps than the example's: the test is to be short.
        string[] set = ["model.zoo=lenet", "training.epochs=6", "training.batch_size=16", "training.optimizer.sgd.lr=0.5"];
        var trained = await cluster.RunAsync(
            ["submit", Path.Combine(_folder, "pictures.yaml"), .. set.SelectMany(value => (string[])["--set", value]), "--follow", "--output", "json"]);
        Assert.True(trained.ExitCode == 0, $"submit: {trained}\n{cluster.Logs()}");
        var result = JsonDocument.Parse(trained.Lines[^1]).RootElement;
        Assert.InRange(result.GetProperty("test_accuracy").GetDouble(), 0.9, 1);

        var evaluated = await cluster.RunAsync("evaluate", result.GetProperty("id").GetString()!, "--output", "json");
        Assert.True(evaluated.ExitCode == 0, evaluated.Error);
        Assert.Equal(12, JsonDocument.Parse(evaluated.Output).RootElement.GetProperty("images").GetInt32());

        var predicted = await cluster.RunAsync("predict", result.GetProperty("id").GetString()!, Path.Combine(_folder, "pictures/test/red/0.png"), "--output", "json");
        Assert.True(predicted.ExitCode == 0, predicted.Error);
        Assert.Equal("red", JsonDocument.Parse(predicted.Output).RootElement.GetProperty("name").GetString());
    }

    /// <summary>docs/fine-tune.md with a narrow ResNet, whose weights are those of a file that knows a thousand classes.</summary>
    [Fact]
    public async Task A_resnet_is_taught_other_classes()
    {
        WritePictures();
        WriteWeights(Path.Combine(_folder, "resnet18-f37072fd.pth"));
        File.Copy(Path.Combine(Repository.Root, "examples", "fine-tune-resnet18.yaml"), Path.Combine(_folder, "fine-tune.yaml"));
        var cluster = await five.ClusterAsync();
        string[] set =
        [
            "model.width=0.125", "training.epochs=4", "training.batch_size=8", "training.parameter_groups[0].lr=0.1", "data.transforms.train[0].random_resized_crop.size=32",
            "data.transforms.test[0].resize.size=36", "data.transforms.test[1].center_crop.size=32",
        ];
        var trained = await cluster.RunAsync(["submit", Path.Combine(_folder, "fine-tune.yaml"), .. set.SelectMany(value => (string[])["--set", value]), "--follow", "--output", "json"]);
        Assert.True(trained.ExitCode == 0, $"submit: {trained}\n{cluster.Logs()}");
        var result = JsonDocument.Parse(trained.Lines[^1]).RootElement;
        Assert.InRange(result.GetProperty("test_accuracy").GetDouble(), 0.9, 1);

        var log = await cluster.RunAsync("logs", result.GetProperty("id").GetString()!);
        Assert.Contains("training.init.weights: drawn anew are fc.bias, fc.weight, as reset says.", log.Output, StringComparison.Ordinal);
    }

    private static void WriteWeights(string path)
    {
        var model = Zoo.Create("resnet18", new Shape(3, 32, 32), classes: 1000, new ZooOptions(Width: 0.125, Variant: ZooVariant.Torchvision));
        using var device = CpuDevice.Create(threads: 1);
        using var network = new Network(model, device, new Sgd(0.1), new NetworkOptions(1, Training: false));
        network.Initialize(seed: 5);
        Safetensors.WriteWeights(path, network.Layout, network.Weights); // Its first bytes say what it is, whatever its name.
    }

    private void WritePictures()
    {
        foreach (var (part, count) in new[] { ("train", 40), ("test", 12) })
        {
            for (var i = 0; i < count; i++)
            {
                var (isRed, shade) = (i % 2 == 0, (byte)(i * 37 % 90));
                var name = $"pictures/{part}/{(isRed ? "red" : "blue")}/{i}.{(i % 3 == 0 ? "png" : "jpg")}";
                Write(Path.Combine(_folder, name), 70 + (i % 5), 80 + (i % 7), new SKColor(isRed ? (byte)220 : shade, shade, isRed ? shade : (byte)220));
            }
        }
    }

    private static void Write(string path, int height, int width, SKColor colour)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        bitmap.Erase(colour);
        using var file = File.Create(path);
        bitmap.Encode(file, path.EndsWith("png", StringComparison.Ordinal) ? SKEncodedImageFormat.Png : SKEncodedImageFormat.Jpeg, 90);
    }
}
