using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;
using Trainer.Hosting.Run;

namespace Trainer.Cluster.Tests.Browsing;

/// <summary>
/// The dashboard over a thousand jobs of which twenty have 100,000 steps on record: how soon a page is there, whether it keeps up, what an hour leaves behind, and what twenty pages cost others.
/// Times say nothing on a machine that others use: they are told, and held to their bars where TRAINER_DASHBOARD_FIGURES is set, for the table in docs/performance.md. There the coordinator has a processor of its own where
/// it is measured.
/// </summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class DashboardLoadTests(ITestOutputHelper output)
{
    // A curve that is thinned out need not end with the last step.
    private const string AtTheEnd = @"(99,\d\d\d|100,000)";

    // Twice as many as a page asks points for.
    private const ulong StepsOfACurve = 2000;

    // Three of the screen's frames, which are not whole milliseconds.
    private const double LatestFrame = 50.5;

    private const int OfOthers = 0;

    private const int OfCoordinator = 1;

    private static readonly bool Holds = Environment.GetEnvironmentVariable("TRAINER_DASHBOARD_FIGURES") is { Length: > 0 };

    private readonly List<string> _missed = [];

    [Fact]
    public async Task Pages_are_there_within_a_second_and_keep_up_with_the_mouse()
    {
        await using var cluster = await LoadedAsync();
        await using var gauge = new BrowserGauge();
        var page = await SignInAsync(cluster, gauge);
        var ids = Enumerable.Range(0, 20).Select(LoadedHome.IdOf).ToList();

        await PaintAsync("jobs", "#/jobs", ".above [role=status]", "^1,000 jobs");
        await PaintAsync("curves", $"#/jobs/{ids[0]}/curves", ".plot", $"^Loss. Step {AtTheEnd}");
        await FramesAsync("curves");
        await PaintAsync("compare", $"#/compare?ids={string.Join(',', ids)}", ".plot", string.Join(".*", ids.Select(id => $@"{id}: \S+ at step {AtTheEnd}")));
        await FramesAsync("compare");
        AssertHeld();

        async Task PaintAsync(string name, string hash, string selector, string label)
        {
            List<double> times = [];
            for (var i = 0; i < 5; i++)
            {
                times.Add((double)(await gauge.AskAsync(new { @do = "paint", address = page + hash, selector, label }))["milliseconds"]!);
            }

            Tell($"{name}: painted after {string.Join(", ", times.Select(time => $"{time:f0}"))} ms");
            Hold($"{name}: painted", times.Order().ElementAt(2), 1000);
        }

        async Task FramesAsync(string name)
        {
            var found = await gauge.AskAsync(new { @do = "frames", chart = ".plot" });
            Tell($"{name}: {found.ToJsonString()}");
            Hold($"{name}: worst frame", (double)found["worst"]!, LatestFrame);
        }
    }

    [Fact]
    public async Task An_hour_leaves_nothing_behind()
    {
        await using var cluster = await LoadedAsync();
        await using var gauge = new BrowserGauge();
        var page = await SignInAsync(cluster, gauge);
        var id = LoadedHome.IdOf(0);
        var twenty = $"#/compare?ids={string.Join(',', Enumerable.Range(0, 20).Select(LoadedHome.IdOf))}";

        await HourAsync("jobs", "#/jobs", "table.jobs tbody .state.running", []);
        await HourAsync("curves", $"#/jobs/{id}/curves", ".plot canvas", []);
        await HourAsync("from page to page", "#/jobs", "table.jobs tbody .state", [
            new { hash = $"#/jobs/{id}/curves", ready = ".plot canvas" },
            new { hash = $"#/jobs/{id}/timeline", ready = ".section .empty" },
            new { hash = twenty, ready = ".plot canvas" },
            new { hash = "#/cluster", ready = "main tbody th" },
            new { hash = "#/jobs", ready = "table.jobs tbody .state" }]);

        async Task HourAsync(string name, string hash, string ready, object[] visits)
        {
            var found = await gauge.AskAsync(new { @do = "hour", address = page + hash, ready, id, visits });
            var tenths = found["tenths"]!.AsArray().Select(tenth => (Heap: (double)tenth!["heap"]! / (1 << 20), Nodes: (int)tenth["nodes"]!, Listeners: (int)tenth["listeners"]!)).ToList();
            Tell($"{name}: {found["said"]} updates; MiB {string.Join(", ", tenths.Select(tenth => tenth.Heap.ToString("f1", CultureInfo.InvariantCulture)))}; nodes {string.Join(", ", tenths.Select(tenth => tenth.Nodes))}; listeners {string.Join(", ", tenths.Select(tenth => tenth.Listeners))}");

            Assert.InRange((int)found["said"]!, 1000, int.MaxValue); // An hour in which nothing is said leaves nothing behind.

            // A curve grows until it is thinned out again: what counts is the least of each half, behind the first tenth, in which pages are loaded.
            var (first, second) = (tenths[1..6], tenths[6..]);
            Assert.InRange(second.Min(tenth => tenth.Heap) - first.Min(tenth => tenth.Heap), double.NegativeInfinity, 3);
            Assert.InRange(second.Min(tenth => tenth.Nodes) - first.Min(tenth => tenth.Nodes), int.MinValue, 50);
            Assert.InRange(second.Min(tenth => tenth.Listeners) - first.Min(tenth => tenth.Listeners), int.MinValue, 10);
        }
    }

    [Fact]
    public async Task Twenty_pages_are_no_burden_to_others()
    {
        await using var cluster = await LoadedAsync();
        var job = await cluster.SubmitAsync((new TinyJob(Epochs: 10_000, Train: 3700, Test: 53)).Write(cluster.Home));
        await cluster.WatchUntilAsync(job, line => line.TryGetProperty("step", out var step) && step.GetUInt64() >= StepsOfACurve);
        var address = (await LinkAsync(cluster)).Split("/#")[0];
        var token = RunFolder.TryOpen(Path.Combine(cluster.Home, "run"))!.Token;

        ApartFromOthers(cluster);
        await MeasureAsync("without pages");
        await using var pages = await PageCalls.OpenAsync(address, token, job, pages: 20, process => Pin(process, OfOthers));
        var measured = await MeasureAsync("with twenty pages");
        var updates = await pages.CloseAsync();
        Tell($"updates to each page: {updates.Min()} to {updates.Max()}, at step {(await cluster.GetAsync(job)).GetProperty("progress").GetProperty("step")}");
        Assert.All(updates, number => Assert.InRange(number, 2, long.MaxValue));
        Hold("answers at the 99th percentile", measured, 10);
        AssertHeld();

        async Task<double> MeasureAsync(string name)
        {
            var cpu = CoordinatorSeconds(cluster);
            var begun = Stopwatch.GetTimestamp();
            var times = await PageCalls.AskAsync(address, token, $"/v1/jobs/{LoadedHome.IdOf(500)}", perSecond: 50, TimeSpan.FromSeconds(Holds ? 20 : 4));
            var share = (CoordinatorSeconds(cluster) - cpu) / Stopwatch.GetElapsedTime(begun).TotalSeconds;
            var p99 = times[times.Length * 99 / 100];
            Tell($"{name}: {times.Length} calls, p50 {times[times.Length / 2]:f2} ms, p99 {p99:f2} ms, worst {times[^1]:f2} ms; the coordinator takes {share:p0} of a processor");
            return p99;
        }
    }

    // The coordinator and whoever measures it have a processor of their own, as where a cluster has machines: whoever trains and whoever looks at pages are on the other.
    private static void ApartFromOthers(LocalCluster cluster)
    {
        Pin(cluster.ProcessId("worker-0"), OfOthers);
        Pin(cluster.ProcessId("coordinator"), OfCoordinator);
        Pin(Environment.ProcessId, OfCoordinator);
    }

    private static void Pin(int process, int processor)
    {
        if (Holds)
        {
            using var taskset = Process.Start(new ProcessStartInfo("taskset", ["--all-tasks", "--cpu-list", "--pid", $"{processor}", $"{process}"]) { UseShellExecute = false, RedirectStandardOutput = true })!;
            taskset.WaitForExit();
            Assert.Equal(0, taskset.ExitCode);
        }
    }

    private static async Task<LocalCluster> LoadedAsync()
    {
        var home = Directory.CreateTempSubdirectory("trainer-cluster-").FullName;
        await LoadedHome.WriteAsync(home);
        return await LocalCluster.UpInAsync(home, workers: 1, threads: 1);
    }

    private static async Task<string> SignInAsync(LocalCluster cluster, BrowserGauge gauge)
    {
        var link = await LinkAsync(cluster);
        await gauge.AskAsync(new { @do = "signIn", address = link });
        return link.Split('#')[0];
    }

    private static async Task<string> LinkAsync(LocalCluster cluster) =>
        JsonNode.Parse((await cluster.RunAsync("dashboard", "--no-open", "--output", "json")).Output)!["url"]!.ToString();

    private static double CoordinatorSeconds(LocalCluster cluster)
    {
        using var process = Process.GetProcessById(cluster.ProcessId("coordinator"));
        return process.TotalProcessorTime.TotalSeconds;
    }

    private void Tell(string text) => output.WriteLine($"{text} (load {File.ReadAllText("/proc/loadavg").Split(' ')[0]})");

    private void Hold(string what, double found, double most)
    {
        if (found > most)
        {
            _missed.Add($"{what}: {found:f1} ms, {most:f1} at most");
        }
    }

    // At the end, when all has been measured.
    private void AssertHeld()
    {
        if (Holds)
        {
            Assert.Empty(_missed);
        }
    }
}
