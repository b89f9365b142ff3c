using System.Text.Json;
using SkiaSharp;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests;

/// <summary>A folder of pictures that is pushed to a cluster, which trains on it when the folder is there no more.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class PushedDataTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-pushed-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Pushed_pictures_give_the_weights_of_their_folder()
    {
        WritePictures();
        var cache = Path.Combine(_folder, "cache");
        await using var cluster = await LocalCluster.UpAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["XDG_CACHE_HOME"] = cache }, workers: 2, threads: 1);
        var fromFolder = await cluster.TrainAsync(Job("folder.yaml", "image_folder: {path: pictures}"));

        var pushed = await cluster.RunAsync("data", "push", Path.Combine(_folder, "pictures"), "colours", "--output", "json");
        Assert.True(pushed.ExitCode == 0, $"push: {pushed}");
        var id = JsonDocument.Parse(pushed.Output).RootElement.GetProperty("id").GetString()!;
        Directory.Delete(Path.Combine(_folder, "pictures"), recursive: true);

        var job = await cluster.TrainAsync(Job("pushed.yaml", "pushed: colours"));
        Assert.Equal(fromFolder.GetProperty("weights_sha256").GetString(), job.GetProperty("weights_sha256").GetString());
        Assert.Equal(fromFolder.GetProperty("test_accuracy").GetDouble(), job.GetProperty("test_accuracy").GetDouble());
        var spec = (await cluster.GetAsync(job.GetProperty("id").GetString()!)).GetProperty("spec").GetProperty("data");
        Assert.Equal(id, spec.GetProperty("pushed").GetString());
        Assert.Equal(id[(id.IndexOf('@', StringComparison.Ordinal) + 1)..], Path.GetFileNameWithoutExtension(Assert.Single(Directory.GetFiles(Path.Combine(cache, "trainer", "pushed"), "*.tar"))));

        var evaluated = await cluster.RunAsync("evaluate", job.GetProperty("id").GetString()!, "--output", "json");
        Assert.True(evaluated.ExitCode == 0, $"evaluate: {evaluated}");
        Assert.Equal(13, JsonDocument.Parse(evaluated.Output).RootElement.GetProperty("images").GetInt32());

        var deleted = await cluster.RunAsync("data", "delete", id, "--yes");
        Assert.True(deleted.ExitCode == 0, $"delete: {deleted}");
        var refused = await cluster.RunAsync("submit", Job("again.yaml", $"pushed: {id}"));
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains($"there is no data set {id} in this cluster", refused.Error, StringComparison.Ordinal);
    }

    private string Job(string file, string data)
    {
        var path = Path.Combine(_folder, file);
        File.WriteAllText(path, $$"""
            name: colours
            model: {zoo: lenet}
            data:
              {{data}}
              transforms:
                train: [{random_resized_crop: {size: 32, scale: [0.5, 1]} }, {random_horizontal_flip: {} }]
                test: [{resize: {size: 36} }, {center_crop: {size: 32} }]
            training: {epochs: 3, batch_size: 16, optimizer: {sgd: {lr: 0.5} } }
            """);
        return path;
    }

    private void WritePictures()
    {
        foreach (var (part, count) in new[] { ("train", 41), ("test", 13) })
        {
            for (var i = 0; i < count; i++)
            {
                var (isRed, shade) = (i % 2 == 0, (byte)(i * 37 % 90));
                var path = Path.Combine(_folder, $"pictures/{part}/{(isRed ? "red" : "blue")}/{i}.{(i % 3 == 0 ? "png" : "jpg")}");
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                using var bitmap = new SKBitmap(new SKImageInfo(80 + (i % 7), 70 + (i % 5), SKColorType.Rgba8888, SKAlphaType.Opaque));
                bitmap.Erase(new SKColor(isRed ? (byte)220 : shade, shade, isRed ? shade : (byte)220));
                using var file = File.Create(path);
                bitmap.Encode(file, path.EndsWith("png", StringComparison.Ordinal) ? SKEncodedImageFormat.Png : SKEncodedImageFormat.Jpeg, 90);
            }
        }
    }
}
