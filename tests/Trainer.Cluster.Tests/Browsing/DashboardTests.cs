using System.Text.Json.Nodes;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests.Browsing;

/// <summary>The dashboard in a browser, on a real cluster.</summary>
[Collection("processes")]
public sealed class DashboardTests
{
    [Fact]
    public async Task Whoever_has_a_link_sees_jobs()
    {
        await using var window = BrowserWindow.Open();
        await using var cluster = await LocalCluster.UpAsync(workers: 1, threads: 1);
        await cluster.TrainAsync(new TinyJob().Write(cluster.Home));
        var link = await LinkAsync(cluster);
        await window.VisitAsync(new { name = "sign-in", address = link.Split('#')[0], text = "trainer dashboard" });
        await window.VisitAsync(new { name = "jobs-smoke", address = link, text = "SUCCEEDED" });
    }

    /// <summary>Each page, wide and narrow, dark and light, while a job trains and its coordinator dies; then for somebody who may only look.</summary>
    [Fact, Trait("Category", "Long")]
    public async Task Every_page_shows_a_job_that_trains()
    {
        await using var window = BrowserWindow.Open();
        await using var cluster = await LocalCluster.UpAsync(workers: 2, threads: 1);
        var first = (await cluster.TrainAsync(TinyJob.Everything(1).Write(cluster.Home))).GetProperty("id").GetString()!;
        cluster.SlowDown();
        var id = await cluster.SubmitAsync((TinyJob.Everything(2) with { Epochs = 400 }).Write(cluster.Home));
        await cluster.WatchUntilAsync(id, job => job.GetProperty("event").GetString() == "progress");
        var link = await LinkAsync(cluster);
        var page = link.Split('#')[0];

        await window.VisitAsync(new { name = "jobs", address = link, text = "RUNNING" });
        await window.VisitAsync(new { name = "jobs-narrow-dark", address = $"{page}#/jobs", text = "RUNNING", width = 400, scheme = "dark" });
        foreach (var section in new[] { "curves", "timeline", "epochs", "files", "config", "transitions", "logs" })
        {
            await window.VisitAsync(new { name = $"job-{section}", address = $"{page}#/jobs/{id}/{section}", text = "RUNNING" });
            await window.VisitAsync(new { name = $"job-{section}-narrow-dark", address = $"{page}#/jobs/{id}/{section}", text = "RUNNING", width = 400, scheme = "dark" });
        }

        await window.VisitAsync(new { name = "job-ended", address = $"{page}#/jobs/{first}", text = "SUCCEEDED" });
        await window.VisitAsync(new { name = "compare", address = $"{page}#/compare?ids={first},{id}", text = "What differs" });
        await window.VisitAsync(new { name = "compare-narrow-dark", address = $"{page}#/compare?ids={first},{id}", text = "What differs", width = 400, scheme = "dark" });
        await window.VisitAsync(new { name = "new", address = $"{page}#/jobs/new?from={first}", text = "Validate" });
        await window.VisitAsync(new { name = "cluster", address = $"{page}#/cluster", text = "worker-1" });
        await window.VisitAsync(new { name = "cluster-narrow-dark", address = $"{page}#/cluster", text = "worker-1", width = 400, scheme = "dark" });
        await window.VisitAsync(new { name = "nowhere", address = $"{page}#/nowhere", text = "Not found" });
    }

    /// <summary>Not signed in, not by a code that was used, and with a token that may only look.</summary>
    [Fact, Trait("Category", "Long")]
    public async Task Whoever_may_only_look_is_offered_no_more()
    {
        await using var window = BrowserWindow.Open();
        await using var cluster = await LocalCluster.UpAsync(workers: 1, threads: 1);
        cluster.SlowDown();
        var id = await cluster.SubmitAsync((TinyJob.Everything(1) with { Epochs = 400 }).Write(cluster.Home));
        await cluster.WatchUntilAsync(id, job => job.GetProperty("event").GetString() == "progress");
        var token = JsonNode.Parse((await cluster.RunAsync("token", "create", "--user", "vera", "--role", "viewer", "--output", "json")).Output)!["secret"]!.ToString();
        var link = await LinkAsync(cluster);
        var page = link.Split('#')[0];
        await window.VisitAsync(new { name = "viewer", address = $"{page}#/jobs/{id}", text = "RUNNING", gone = "Suspend", fill = new Dictionary<string, string> { ["Token"] = token }, click = new[] { "Sign in" } });
    }

    private static async Task<string> LinkAsync(LocalCluster cluster)
    {
        var outcome = await cluster.RunAsync("dashboard", "--no-open", "--output", "json");
        Assert.True(outcome.ExitCode == 0, $"dashboard: {outcome}");
        return JsonNode.Parse(outcome.Output)!["url"]!.ToString();
    }
}
