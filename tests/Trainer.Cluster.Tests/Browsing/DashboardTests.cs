using System.Text.Json.Nodes;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests.Browsing;

/// <summary>The dashboard in a browser, on a real cluster.</summary>
[Collection("processes")]
public sealed class DashboardTests
{
    /// <summary>The sections of a job's page, and what each has where it shows something.</summary>
    private static readonly (string Section, string Within, string Text)[] OfAll =
    [
        ("curves", ".section .chart:has(canvas):has([aria-label*=\": train \"]:not([aria-label*=\"train -\"])) figcaption", "Loss"),
        ("timeline", ".section h3", "Generations"),
        ("network", ".section .network tbody th", "image"),
        ("config", ".section .config .key", "training:"),
        ("logs", ".section .log .source", "job"),
    ];

    /// <summary>Likewise of a job that has closed an epoch.</summary>
    private static readonly (string Section, string Within, string Text)[] OfClosed =
    [
        ("epochs", ".section tbody th", "1"),
        ("evaluation", ".section h3", "What is taken for what"),
        ("evaluation", ".section div:has(> .gallery canvas) + .scroller thead th", "Taken for"),
        ("files", ".section tbody th code", "metrics.jsonl"),
        ("pictures", ".section section:has([aria-label=\"Feature maps\"] canvas) h3", "What a layer gives"),
        ("pictures", ".section section:has([aria-label=\"Filters\"] canvas) h3", "Filters"),
        ("pictures", ".section section:has([aria-label=\"Samples\"] canvas) h3", "Samples"),
        ("transitions", ".section tbody .state", "succeeded"),
    ];

    [Fact]
    public async Task Whoever_has_a_link_sees_jobs()
    {
        await using var window = BrowserWindow.Open();
        await using var cluster = await LocalCluster.UpAsync(workers: 1, threads: 1);
        await cluster.TrainAsync(new TinyJob().Write(cluster.Home));
        var link = await LinkAsync(cluster);
        await window.VisitAsync(new { name = "sign-in", address = PageOf(link), within = "main pre", text = "trainer dashboard" });
        await window.VisitAsync(new { name = "jobs-smoke", address = link, within = "table.jobs tbody .state", text = "succeeded" });
    }

    /// <summary>Each page, wide and narrow, dark and light, of a job that trains and of one that has ended.</summary>
    [Fact, Trait("Category", "Long")]
    public async Task Every_page_shows_what_it_is_for()
    {
        await using var window = BrowserWindow.Open();
        await using var cluster = await LocalCluster.UpAsync(workers: 2, threads: 1);
        var ended = (await cluster.TrainAsync(TinyJob.Everything(1).Write(cluster.Home))).GetProperty("id").GetString()!;
        cluster.SlowDown();
        var running = await cluster.SubmitAsync((TinyJob.Everything(2) with { Epochs = 400 }).Write(cluster.Home));
        await cluster.WatchUntilAsync(running, job => job.GetProperty("event").GetString() == "progress");
        var link = await LinkAsync(cluster);
        var page = PageOf(link);

        await window.VisitAsync(new { name = "jobs", address = link, within = "table.jobs tbody .state", text = "running" });
        await VisitAsync("jobs", "#/jobs", "table.jobs tbody .state", "running");
        foreach (var (section, within, text) in OfAll)
        {
            await VisitAsync($"job-{section}", $"#/jobs/{running}/{section}", within, text);
        }

        foreach (var (section, within, text) in OfClosed)
        {
            await VisitAsync($"job-{section}", $"#/jobs/{ended}/{section}", within, text);
        }

        await VisitAsync("compare", $"#/compare?ids={ended},{running}", "main tbody th code", "training.epochs");
        await VisitAsync("new", $"#/jobs/new?from={ended}", "main form button", "Validate");
        await VisitAsync("cluster", "#/cluster", "main tbody th", "worker-1");
        await VisitAsync("nowhere", "#/nowhere", "main h1", "Not found");

        async Task VisitAsync(string name, string hash, string within, string text)
        {
            await window.VisitAsync(new { name, address = $"{page}{hash}", within, text });
            await window.VisitAsync(new { name = $"{name}-narrow-dark", address = $"{page}{hash}", within, text, width = 400, scheme = "dark" });
        }
    }

    /// <summary>The coordinator dies and comes back at its port: the page goes on by itself, and shows what was trained meanwhile.</summary>
    [Fact, Trait("Category", "Long")]
    public async Task A_page_goes_on_when_the_coordinator_is_back()
    {
        await using var window = BrowserWindow.Open();
        await using var cluster = await LocalCluster.UpAsync(workers: 1, threads: 1);
        cluster.SlowDown();
        var id = await cluster.SubmitAsync((TinyJob.Everything(1) with { Epochs = 4 }).Write(cluster.Home));
        await cluster.WatchUntilAsync(id, job => job.GetProperty("event").GetString() == "progress");
        var link = await LinkAsync(cluster);
        await window.VisitAsync(new { name = "before", address = link, within = "table.jobs tbody .state", text = "running" });
        await window.VisitAsync(new { name = "before-job", address = $"{PageOf(link)}#/jobs/{id}", within = ".head .now .state", text = "running" });

        using (var coordinator = System.Diagnostics.Process.GetProcessById(cluster.ProcessId("coordinator")))
        {
            coordinator.Kill();
            await coordinator.WaitForExitAsync();
        }

        cluster.SpeedUp();
        await cluster.WatchUntilAsync(id, job => job.GetProperty("event").GetString() == "result");
        await window.VisitAsync(new { name = "after", within = ".head .now .state", text = "succeeded", outage = true }); // The same page, which nobody loaded again.
    }

    /// <summary>A token that may only look, and a code that was used.</summary>
    [Fact, Trait("Category", "Long")]
    public async Task Whoever_may_only_look_is_offered_no_more()
    {
        await using var window = BrowserWindow.Open();
        await using var cluster = await LocalCluster.UpAsync(workers: 1, threads: 1);
        cluster.SlowDown();
        var id = await cluster.SubmitAsync((TinyJob.Everything(1) with { Epochs = 400 }).Write(cluster.Home));
        await cluster.WatchUntilAsync(id, job => job.GetProperty("event").GetString() == "progress");
        var token = JsonNode.Parse((await cluster.RunAsync("token", "create", "--user", "vera", "--role", "viewer", "--output", "json")).Output)!["secret"]!.ToString();
        var page = PageOf(await LinkAsync(cluster));
        await window.VisitAsync(new
        {
            name = "viewer",
            address = $"{page}#/jobs/{id}",
            within = ".head .now .state",
            text = "running",
            gone = "Suspend",
            fill = new Dictionary<string, string> { ["Token"] = token },
            click = new[] { "Sign in" },
        });
    }

    private static string PageOf(string link) => link.Split('#')[0];

    private static async Task<string> LinkAsync(LocalCluster cluster)
    {
        var outcome = await cluster.RunAsync("dashboard", "--no-open", "--output", "json");
        Assert.True(outcome.ExitCode == 0, $"dashboard: {outcome}");
        return JsonNode.Parse(outcome.Output)!["url"]!.ToString();
    }
}
