using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Trainer.Cluster.Tests.Deploy;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests.Trackers;

/// <summary>Events of real jobs, read by npm's reader of such records with TensorFlow's own definitions (tests/tensorboard/read.mjs).</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class TensorBoardTests
{
    private static readonly string Cache = Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set ? set : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"), "trainer");

    /// <summary>All workers are killed on the way: steps are computed again by others, and are there once.</summary>
    [Fact]
    public async Task A_job_can_be_followed_whoever_trains_it()
    {
        RequireReader();
        await using var cluster = await LocalCluster.UpAsync(workers: 2, threads: 1);
        var job = (TinyJob.Everything(1) with { Epochs = 60, CheckpointSeconds = 1, MaxWorkers = 2 }).Write(cluster.Home);
        File.AppendAllText(job, "\nlog: {tensorboard: true}\n");
        cluster.SlowDown();
        var id = await cluster.SubmitAsync(job);
        await cluster.WatchUntilAsync(id, running => running.TryGetProperty("step", out var step) && step.GetUInt64() > 12);
        var folder = Path.Combine(cluster.Home, "jobs", id, "tensorboard");
        Assert.NotEmpty(Points(await ReadAsync(Directory.GetFiles(folder)), "loss/train")); // While it trains.
        foreach (var worker in new[] { "worker-0", "worker-1" })
        {
            using var process = Process.GetProcessById(cluster.ProcessId(worker));
            process.Kill();
        }

        cluster.SpeedUp();
        await cluster.WatchUntilAsync(id, followed => followed.GetProperty("event").GetString() == "result");

        var files = Directory.GetFiles(folder);
        Assert.True(files.Length > 1);
        var events = await ReadAsync(files);
        var steps = (await cluster.RunAsync("metrics", id, "--csv")).Lines.Skip(1).Select(line => line.Split(',')).ToList();
        foreach (var (tag, column) in new[] { ("loss/train", 3), ("accuracy/train", 4), ("learning_rate", 5), ("gradient_norm", 6) })
        {
            Assert.Equal(steps.Select(step => (ulong.Parse(step[0], CultureInfo.InvariantCulture), (float)double.Parse(step[column], CultureInfo.InvariantCulture))), Points(events, tag));
        }

        var found = (await cluster.GetAsync(id)).GetProperty("epochs").EnumerateArray().ToList();
        var tests = found.SelectMany(epoch => epoch.GetProperty("evaluations").EnumerateArray().Append(epoch)).Select(test => (float)test.GetProperty("test_loss").GetDouble()).ToList();
        Assert.Equal(tests, Points(events, "loss/test").Select(point => point.Value));
        Assert.Equal(60, Hyperparameter(events, "training.epochs").GetProperty("numberValue").GetInt32());

        // The same once more, as a file.
        Assert.Equal(0, (await cluster.RunAsync("export", id, "--tensorboard", Path.Combine(cluster.Home, "runs"))).ExitCode);
        var exported = await ReadAsync(Directory.GetFiles(Path.Combine(cluster.Home, "runs"), "*", SearchOption.AllDirectories));
        Assert.Equal(Points(events, "loss/train"), Points(exported, "loss/train"));
        Assert.Equal(Points(events, "loss/test"), Points(exported, "loss/test"));
        Assert.Equal("STATUS_SUCCESS", Values(exported).Single(value => TagOf(value) == "_hparams_/session_end_info").GetProperty("hparams").GetProperty("session_end_info").GetProperty("status").GetString());
        Assert.Contains(Values(exported), value => TagOf(value) == "mistakes/best/text_summary");
        var image = Values(exported).Single(value => TagOf(value) == "confusion/best").GetProperty("image");
        using var matrix = SkiaSharp.SKBitmap.Decode(Convert.FromBase64String(image.GetProperty("encoded_image_string").GetString()!));
        Assert.Equal((matrix.Width, matrix.Height), (image.GetProperty("width").GetInt32(), image.GetProperty("height").GetInt32()));
        await File.WriteAllBytesAsync(Path.Combine(Browsing.BrowserWindow.Pictures, "confusion.png"), Convert.FromBase64String(image.GetProperty("encoded_image_string").GetString()!));
    }

    private static void RequireReader() => Assert.SkipUnless(
        Directory.Exists(Path.Combine(Cache, "tfrecords")) && Directory.Exists(Path.Combine(Cache, "grpc-js")), $"@roboflow/tfrecords and protobufjs are not in {Cache}; ./test --all gets them.");

    private static async Task<List<JsonElement>> ReadAsync(IEnumerable<string> files)
    {
        var arguments = new[] { Path.Combine(Repository.Root, "tests", "tensorboard", "read.mjs"), Path.Combine(Cache, "grpc-js"), Path.Combine(Cache, "tfrecords") };
        using var process = Process.Start(new ProcessStartInfo(Programs.Need("node"), [.. arguments, .. files.Order(StringComparer.Ordinal)]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await error);
        return [.. (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    // A start takes away what was before from its step on, as in TensorBoard (event_accumulator.py).
    private static List<(ulong Step, float Value)> Points(IEnumerable<JsonElement> events, string tag)
    {
        var points = new List<(ulong Step, float Value)>();
        foreach (var one in events)
        {
            var step = one.TryGetProperty("step", out var known) ? known.GetUInt64() : 0;
            points.RemoveAll(point => one.TryGetProperty("session_log", out var session) && session.GetProperty("status").GetString() == "START" && point.Step >= step);
            points.AddRange(Values([one]).Where(value => TagOf(value) == tag).Select(value => (step, (float)value.GetProperty("simple_value").GetDouble())));
        }

        return points;
    }

    private static IEnumerable<JsonElement> Values(IEnumerable<JsonElement> events) =>
        events.SelectMany(one => one.TryGetProperty("summary", out var summary) ? summary.GetProperty("value").EnumerateArray() : Enumerable.Empty<JsonElement>());

    private static string TagOf(JsonElement value) => value.GetProperty("tag").GetString()!;

    private static JsonElement Hyperparameter(IEnumerable<JsonElement> events, string name) =>
        Values(events).First(value => TagOf(value) == "_hparams_/session_start_info").GetProperty("hparams").GetProperty("session_start_info").GetProperty("hparams").GetProperty(name);
}
