using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Trainer.Cli.Tests.Fakes;
using Trainer.Dashboard;
using Trainer.Protos;

namespace Trainer.Cli.Tests;

/// <summary>trainer report ID. What it looks like in a browser is seen in ReportTests of Trainer.Cluster.Tests.</summary>
public sealed partial class ReportCommandTests : ClusterCommandTests
{
    private const string Hostile = "</script><!--<script>alert(1)</script> & \u2028 {{title}}";

    [Fact]
    public async Task The_file_has_what_the_API_answers()
    {
        Record();
        Api.Files["evaluation.json"] = Encoding.UTF8.GetBytes("{\"epoch\":3}");
        Api.Files["model.safetensors"] = [1, 2, 3];
        Api.Logs = async (_, entries) =>
        {
            for (var sequence = 1; sequence <= 2003; sequence++)
            {
                await entries.WriteAsync(new LogEntry { Sequence = sequence, Source = "job", Message = sequence == 2003 ? Hostile : "epoch" });
            }
        };
        var run = await RunAsync("report", SampleJobs.Id, "--to", Home["report.html"], "--output", "json");

        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.Equal(new FileInfo(Home["report.html"]).Length, (long)run.JsonLines.Single()["bytes"]!);
        var record = RecordOf(File.ReadAllText(Home["report.html"]));
        Assert.Equal(SampleJobs.Id, (string?)record["id"]);
        JsonNode Answer(string name) => record["answers"]![$"/v1/jobs/{SampleJobs.Id}{name}"]!;
        Assert.Equal((Hostile, "SUCCEEDED"), ((string?)Answer("")["notes"], (string?)Answer("")["state"]));
        Assert.Equal([1, 2], Answer("/metrics")["series"]![0]!["points"]!.AsArray().Select(point => (int)point!["step"]!));
        Assert.Equal("{\"epoch\":3}", Answer("/artifacts/evaluation.json").ToJsonString());
        Assert.Equal(["evaluation.json"], Answer("/artifacts")["artifacts"]!.AsArray().Select(file => (string?)file!["name"])); // Of what the page can show.
        Assert.Equal((2001, Hostile), (Answer("/logs").AsArray().Count, (string?)Answer("/logs")[2000]!["message"]));
        Assert.Null(record["answers"]![$"/v1/jobs/{SampleJobs.Id}/model"]); // This cluster knows of no models.
    }

    [Fact]
    public void Nothing_in_it_is_a_script_but_what_the_policy_names()
    {
        var page = ReportPage.Compose(Hostile, new JsonObject { ["text"] = Hostile }.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));

        Assert.Equal(Hostile, (string?)RecordOf(page)["text"]);
        var policy = Policy().Match(page).Groups["policy"].Value;
        var nonces = Scripts().Matches(page).ToDictionary(script => script.Groups["type"].Value, script => script.Groups["nonce"].Value);
        Assert.StartsWith($"default-src 'none'; script-src 'nonce-{nonces["module"]}' 'strict-dynamic'; style-src 'sha256-", policy, StringComparison.Ordinal);
        Assert.Equal((nonces["module"], ""), (nonces["importmap"], nonces["application/json"]));
        Assert.DoesNotContain(nonces["module"], ReportPage.Compose(Hostile, "{}"), StringComparison.Ordinal); // The next file has another one.
        var scripts = Scripts().Matches(page).ToDictionary(script => script.Groups["type"].Value, script => script.Groups["content"].Value);
        Assert.Equal(["application/json", "importmap", "module"], scripts.Keys.Order(StringComparer.Ordinal));
        Assert.DoesNotContain("<script", page[page.IndexOf("<body", StringComparison.Ordinal)..], StringComparison.Ordinal);
        Assert.DoesNotContain(Links().Matches(page), link => !link.Groups["address"].Value.StartsWith("data:", StringComparison.Ordinal)); // Nothing is loaded from elsewhere.
    }

    /// <summary>Whatever a module imports has a name in the map, and no module asks for a file beside it.</summary>
    [Fact]
    public void Every_module_that_is_wanted_is_there()
    {
        var map = JsonNode.Parse(Scripts().Matches(ReportPage.Compose("", "{}")).Single(script => script.Groups["type"].Value == "importmap").Groups["content"].Value)!["imports"]!.AsObject();
        Assert.Contains("trainer/pages/job-curves.js", map);
        Assert.Contains("trainer/lib/echarts.js", map);
        Assert.DoesNotContain("trainer/app.js", map);
        foreach (var (name, url) in map.Where(module => module.Key != "trainer/lib/echarts.js"))
        {
            var source = Encoding.UTF8.GetString(Convert.FromBase64String(((string)url!).Split("base64,")[1]));
            Assert.All(Imports().Matches(source), import => Assert.Contains(import.Groups["name"].Value, map));
            Assert.DoesNotContain("import.meta.url", source, StringComparison.Ordinal);
            Assert.False(Beside().IsMatch(source), $"{name} asks for a file beside it.");
        }
    }

    [Fact]
    public async Task A_file_that_is_there_stays()
    {
        Record();
        File.WriteAllText(Home["report.html"], "mine");
        var run = await RunAsync("report", SampleJobs.Id, "--to", Home["report.html"]);
        Assert.Equal((1, $"{Home["report.html"]} is there already.\nReplace it with --force, or give another file with --to.\n"), (run.ExitCode, run.Errors));
        Assert.Equal("mine", File.ReadAllText(Home["report.html"]));
        Assert.Equal(0, (await RunAsync("report", SampleJobs.Id, "--to", Home["report.html"], "--force")).ExitCode);
        Assert.Equal(1, (await RunAsync("report", "nobody", "--to", Home["other.html"])).ExitCode);
        Assert.False(File.Exists(Home["other.html"]));
    }

    private void Record()
    {
        var job = SampleJobs.Succeeded;
        job.Notes = Hostile;
        Api.Jobs.Add(job);
        Api.Steps.AddRange([new StepMetrics { Step = 1, Loss = 2 }, new StepMetrics { Step = 2, Loss = 1 }]);
    }

    private static JsonNode RecordOf(string page) => JsonNode.Parse(Scripts().Matches(page).Single(script => script.Groups["type"].Value == "application/json").Groups["content"].Value)!;

    [GeneratedRegex("<script type=\"(?<type>[a-z/]+)\"( nonce=\"(?<nonce>[^\"]+)\")?[^>]*>(?<content>.*?)</script>", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Scripts();

    [GeneratedRegex("http-equiv=\"Content-Security-Policy\" content=\"(?<policy>[^\"]*)\"", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Policy();

    [GeneratedRegex(" (src|href)=\"(?<address>[^\"#]*)", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Links();

    [GeneratedRegex(@"(\bfrom |\bimport\(|\bresolve\()'(?<name>[^']+)'", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Imports();

    [GeneratedRegex(@"'\.{1,2}/[^']*\.js'", RegexOptions.None, 10_000)]
    private static partial Regex Beside();
}
