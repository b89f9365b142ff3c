using Trainer.Cli.Follow;
using Trainer.Cli.Tests.Fakes;
using Trainer.Protos;

namespace Trainer.Cli.Tests;

/// <summary>trainer top</summary>
public sealed class TopCommandTests : ClusterCommandTests
{
    private static readonly Dictionary<string, IReadOnlyList<double>> NoLosses = new(StringComparer.Ordinal);

    [Fact]
    public async Task In_a_pipe_it_shows_the_cluster_once()
    {
        Api.Jobs.Add(Running("j-1", 7, 21));
        Api.Jobs.Add(new Job { Id = "j-2", Spec = new JobSpec { Name = "waits" }, State = JobState.Queued });
        Api.Workers.Add(new Worker { Name = "worker-0", Node = "host", DeviceKind = "cpu", Device = "EPYC, AVX2, 2 threads", Threads = 2, Job = "j-1" });

        var run = await RunAsync("top");

        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        var lines = run.Output.Split('\n');
        Assert.Matches(@"^coordinator \d\d:\d\d:\d\d  jobs: 2 running  workers: 2 of 3 busy  50,000 images/s$", lines[0]);
        Assert.Matches("^j-1  lenet  running  ████░░░░░░░░ 7/21  3.0 s  1.0000 +60.0 %  50,000    2$", lines[3]);
        Assert.Matches("^j-2  waits  queued$", lines[4].TrimEnd());
        Assert.Contains("worker-0  host  cpu   EPYC, AVX2  2        j-1", run.Output, StringComparison.Ordinal);

        var json = await RunAsync("top", "--output", "json");
        Assert.Equal((50_000.0, 2), ((double)json.JsonLines.Single()["images_per_second"]!, json.JsonLines.Single()["jobs"]!.AsArray().Count));
        Assert.Equal(2, (await RunAsync("top", "--interval", "0.1")).ExitCode);
    }

    /// <summary>What has no room is counted, and no line is wider than the terminal.</summary>
    [Theory]
    [InlineData(60, 16)]
    [InlineData(80, 24)]
    [InlineData(120, 50)]
    public void It_fits_the_terminal(int width, int height)
    {
        var snapshot = new ClusterSnapshot(
            new SystemInfo { Coordinator = "coordinator", Time = new() { Seconds = 1_764_000_000 }, Workers = 30, Jobs = { new JobCount { State = JobState.Running, Count = 30 } } },
            [.. Enumerable.Range(0, 30).Select(i => Running($"job-{i}", (ulong)i, 30))],
            [.. Enumerable.Range(0, 30).Select(i => new Worker { Name = $"worker-{i}", Node = "host", DeviceKind = "cpu", Device = "AMD EPYC 9B45, AVX-512", Threads = 2, Job = $"job-{i}" })]);

        var lines = TopText.Render(snapshot, NoLosses, width, height).Split('\n');

        Assert.InRange(lines.Length, 8, height + 4); // Two lines may say which columns were left out.
        Assert.All(lines, line => Assert.InRange(line.TrimEnd().Length, 0, width));
        Assert.Contains(lines, line => line.StartsWith("and ", StringComparison.Ordinal) && line.TrimEnd().EndsWith(" more jobs", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.TrimEnd().EndsWith(" more workers", StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_is_said_in_words()
    {
        var snapshot = new ClusterSnapshot(new SystemInfo { Coordinator = "c", Time = new() { Seconds = 0 } }, [], []);
        Assert.EndsWith($"  jobs: none  workers: 0 of 0 busy  0.0 images/s\n\nNo job trains or waits.\n\nNo workers.", TopText.Render(snapshot, NoLosses, null, null), StringComparison.Ordinal);
    }

    private static Job Running(string id, ulong step, ulong steps) => new()
    {
        Id = id,
        Spec = new JobSpec { Name = "lenet" },
        State = JobState.Running,
        Workers = { "worker-0", "worker-1" },
        Progress = new Progress { Step = step, TotalSteps = steps, Loss = 1, Accuracy = 0.6, ImagesPerSecond = 50_000, EtaSeconds = 3 },
    };
}
