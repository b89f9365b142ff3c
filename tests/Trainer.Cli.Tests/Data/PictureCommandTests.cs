using System.Text.Json;
using SkiaSharp;
using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests.Data;

/// <summary>trainer data inspect and trainer data preview, on pictures of one colour each.</summary>
public sealed class PictureCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public PictureCommandTests()
    {
        foreach (var (name, width, shade) in new[] { ("train/cat/1.png", 9, 51), ("train/cat/2.png", 9, 102), ("train/dog/1.png", 7, 153), ("test/dog/1.png", 9, 51) })
        {
            Write(name, width, (byte)shade);
        }
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_is_in_a_folder_of_pictures_is_told()
    {
        File.WriteAllText(_folder["pictures/train/dog/2.jpg"], "no picture");

        var run = await CommandRun.InAsync(_folder.Path, "data", "inspect", _folder["pictures"], "--sheet", _folder["sheet.png"], "-o", "json");

        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        var report = JsonDocument.Parse(run.Output).RootElement;
        var (train, test) = (report.GetProperty("parts")[0], report.GetProperty("parts")[1]);
        Assert.Equal("""{"cat":2,"dog":2}""", train.GetProperty("classes").GetRawText());
        Assert.Equal("""[{"width":9,"height":8,"images":2},{"width":7,"height":8,"images":1}]""", train.GetProperty("sizes").GetRawText());
        Assert.Equal(((9 * 0.2) + (9 * 0.4) + (7 * 0.6)) / 25, train.GetProperty("mean")[0].GetDouble(), 1e-12);
        Assert.Equal($"{_folder["pictures/train/dog/2.jpg"]}: is a text file; expected a PNG, JPEG, WebP or BMP image", train.GetProperty("broken")[0].GetString());
        Assert.Equal("""[{"name":"test/dog/1.png","other":"train/cat/1.png"}]""", test.GetProperty("duplicates").GetRawText());
        using var sheet = SKBitmap.Decode(_folder["sheet.png"]);
        Assert.Equal((new SKColor(51, 51, 51), new SKColor(255, 255, 255)), (sheet.GetPixel(4, 4), sheet.GetPixel(0, 0)));
    }

    [Fact]
    public async Task The_report_is_readable()
    {
        var run = await CommandRun.InAsync(_folder.Path, "data", "inspect", _folder["pictures"]);

        Assert.Contains("2: cat (2), dog (1)", run.Output);
        Assert.Contains("9x8 (2), 7x8 (1)", run.Output);
        Assert.Contains("1: test/dog/1.png is train/cat/1.png", run.Output);
    }

    [Fact]
    public async Task A_sheet_shows_what_a_job_makes_of_its_pictures()
    {
        File.WriteAllText(_folder["job.yaml"], """
            name: pictures
            model: {zoo: lenet}
            data:
              image_folder: {path: pictures}
              shuffle: false
              transforms: {train: [resize: {size: [5, 6]}, color_jitter: {brightness: [2, 2]}], test: [resize: {size: [5, 6]}]}
            training: {epochs: 1, batch_size: 2, optimizer: {sgd: {lr: 0.1}}}
            """);

        var run = await CommandRun.InAsync(_folder.Path, "data", "preview", _folder["job.yaml"], "--to", _folder["preview.png"], "--samples", "2", "-o", "json");

        Assert.Equal($$"""{"sheet":"{{_folder["preview.png"]}}","samples":["cat/1.png (cat)","cat/2.png (cat)"]}""" + "\n", run.Output);
        using var sheet = SKBitmap.Decode(_folder["preview.png"]);
        Assert.Equal((18, 9), (sheet.Width, sheet.Height));
        Assert.Equal((new SKColor(102, 102, 102), new SKColor(204, 204, 204)), (sheet.GetPixel(4, 4), sheet.GetPixel(12, 4)));
    }

    [Fact]
    public async Task A_job_whose_pictures_differ_in_size_is_told_what_to_do()
    {
        File.WriteAllText(_folder["job.yaml"], """
            name: pictures
            model: {zoo: lenet}
            data: {image_folder: {path: pictures}}
            training: {epochs: 1, batch_size: 2, optimizer: {sgd: {lr: 0.1}}}
            """);

        var run = await CommandRun.InAsync(_folder.Path, "data", "preview", _folder["job.yaml"], "--to", _folder["preview.png"]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"data.transforms: Pictures differ in size: {_folder["pictures/train/cat/1.png"]} has 9x8 pixels", run.Errors.ReplaceLineEndings(" "));
    }

    private void Write(string name, int width, byte shade)
    {
        var path = _folder[$"pictures/{name}"];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var bitmap = new SKBitmap(new SKImageInfo(width, 8, SKColorType.Rgba8888, SKAlphaType.Opaque));
        bitmap.Erase(new SKColor(shade, shade, shade));
        using var file = File.Create(path);
        bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
    }
}
