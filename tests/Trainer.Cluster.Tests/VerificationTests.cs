using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests;

/// <summary>trainer verify, on real processes.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class VerificationTests
{
    [Fact]
    public async Task A_job_is_verified_also_while_workers_die_and_an_altered_record_is_found()
    {
        await using var cluster = await LocalCluster.UpAsync(workers: 2, threads: 1);
        cluster.SlowDown();
        var trained = await cluster.SubmitAsync(new TinyJob(Epochs: 300).Write(cluster.Home));
        await cluster.WatchUntilAsync(trained, IsUnderWay);
        await cluster.RunAsync("suspend", trained); // Which writes a checkpoint.
        await cluster.WatchUntilAsync(trained, changed => changed.GetProperty("state").GetString() == "SUSPENDED");
        cluster.SpeedUp();
        await cluster.RunAsync("resume", trained);
        await EndOfAsync(cluster, trained);

        cluster.SlowDown();
        var verifying = await VerifyAsync(cluster, trained, "--all");
        await cluster.WatchUntilAsync(verifying, IsUnderWay);
        using (var worker = Process.GetProcessById(cluster.ProcessId("worker-1")))
        {
            worker.Kill();
        }

        cluster.SpeedUp();
        var equal = await EndOfAsync(cluster, verifying);
        Assert.Equal(
            ("SUCCEEDED", $"Steps 1 to 1800 of job {trained} were computed again: all 2100 hashes on record are equal."),
            (equal.GetProperty("state").GetString(), equal.GetProperty("message").GetString()));

        Alter(Path.Combine(cluster.Home, "jobs", trained, "hashes"), trained, item: 2095);
        var part = await EndOfAsync(cluster, await VerifyAsync(cluster, trained, "--steps", "1790-1800"));
        Assert.True(part.GetProperty("verification").GetProperty("first_item").GetUInt64() > 1, part.ToString()); // It began at a checkpoint.
        Assert.Equal("FAILED", part.GetProperty("state").GetString());
        Assert.Contains("the first difference is item 2095 (step 1796)", part.GetProperty("message").GetString());
    }

    private static bool IsUnderWay(JsonElement running) => running.TryGetProperty("step", out var step) && step.GetUInt64() > 20;

    private static async Task<string> VerifyAsync(LocalCluster cluster, string job, params string[] options)
    {
        var run = await cluster.RunAsync(["verify", job, .. options, "--output", "json"]);
        using var made = JsonDocument.Parse(run.Output);
        return made.RootElement.GetProperty("id").GetString()!;
    }

    private static async Task<JsonElement> EndOfAsync(LocalCluster cluster, string job)
    {
        await cluster.WatchUntilAsync(job, followed => followed.GetProperty("event").GetString() == "result");
        return await cluster.GetAsync(job);
    }

    // With a seal that fits, made by the rule that docs/exactness.md gives.
    private static void Alter(string folder, string job, int item)
    {
        var file = Directory.GetFiles(folder).Single(path => File.ReadLines(path).Any(line => line.StartsWith($"{item} ", StringComparison.Ordinal)));
        var generation = Path.GetFileNameWithoutExtension(file);
        File.WriteAllLines(file, File.ReadAllLines(file).Select(line =>
        {
            if (line.Split(' ') is not [var number, var step, var hash, _] || number != $"{item}")
            {
                return line;
            }

            var altered = $"{number} {step} {(hash[0] == '0' ? '1' : '0')}{hash[1..]}";
            return $"{altered} {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{job} {generation} {altered}")))[..8]}";
        }).ToArray());
    }
}
