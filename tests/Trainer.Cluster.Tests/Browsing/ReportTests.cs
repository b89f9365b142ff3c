using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests.Browsing;

/// <summary>The file of trainer report in a browser, when its cluster is gone.</summary>
[Collection("processes")]
public sealed class ReportTests
{
    private static readonly (string Section, string Within, string Text)[] Sections =
    [
        ("curves", ".section .chart:has(canvas):has([aria-label*=\": train \"]:not([aria-label*=\"train -\"])) figcaption", "Loss"),
        ("timeline", ".section h3", "Generations"),
        ("epochs", ".section tbody th", "1"),
        ("evaluation", ".section h3", "What is taken for what"),
        ("network", ".section .network tbody th", "image"),
        ("config", ".section .config .key", "training:"),
        ("transitions", ".section tbody .state", "succeeded"),
        ("logs", ".section .log .source", "job"),
    ];

    [Fact, Trait("Category", "Long")]
    public async Task Every_section_is_shown_without_a_cluster()
    {
        await using var window = BrowserWindow.Open();
        string id, file;
        await using (var cluster = await LocalCluster.UpAsync(workers: 2, threads: 1))
        {
            id = (await cluster.TrainAsync(TinyJob.Everything(1).Write(cluster.Home))).GetProperty("id").GetString()!;
            await cluster.RunAsync("update", id, "--notes", "</script><script>throw new Error('taken for a script')</script>");
            file = Path.Combine(BrowserWindow.Pictures, "report.html");
            var written = await cluster.RunAsync("report", id, "--to", file, "--force");
            Assert.Equal((0, ""), (written.ExitCode, written.Error));
        }

        var page = new Uri(file).AbsoluteUri;
        await window.VisitAsync(new { name = "report", address = page, within = ".tabs a", text = "Curves", gone = "Checkpoints and files" });
        await window.VisitAsync(new { name = "report-notes", within = ".facts dd", text = "</script><script>throw new Error('taken for a script')</script>", gone = "Verify" });
        foreach (var (section, within, text) in Sections)
        {
            await window.VisitAsync(new { name = $"report-{section}", address = $"{page}#/jobs/{id}/{section}", within, text, gone = "Pictures" });
            await window.VisitAsync(new { name = $"report-{section}-narrow-dark", address = $"{page}#/jobs/{id}/{section}", within, text, width = 400, scheme = "dark" });
        }
    }
}
