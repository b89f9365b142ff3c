using System.Text.Json.Nodes;
using Trainer.Cli.Follow;
using Trainer.Cli.Output;
using Trainer.Cli.Tests.Fakes;
using Trainer.Protos;

namespace Trainer.Cli.Tests.Output;

public sealed class OutputTests
{
    [Theory]
    [InlineData(-1, "0.0 s")]
    [InlineData(0.449, "0.4 s")]
    [InlineData(9.94, "9.9 s")]
    [InlineData(9.96, "10 s")]
    [InlineData(59.4, "59 s")]
    [InlineData(59.7, "1 min 0 s")]
    [InlineData(200, "3 min 20 s")]
    [InlineData(3599.6, "1 h 0 min")]
    [InlineData(7500, "2 h 5 min")]
    [InlineData(273600, "3 d 4 h")]
    public void Durations_are_read_aloud_well(double seconds, string words) => Assert.Equal(words, Words.Duration(seconds));

    [Fact]
    public void A_job_that_stopped_early_says_after_which_epoch()
    {
        var job = SampleJobs.Succeeded;
        (job.Progress ??= new Progress()).MergeFrom(new Progress { Epoch = 2, TotalEpochs = 3 });
        Assert.Contains("  stopped early    after epoch 2 of 3\n", JobText.Closing(job, [], null).ReplaceLineEndings("\n"));
        job.Progress.Epoch = 3;
        Assert.DoesNotContain("stopped early", JobText.Closing(job, [], null));
    }

    [Fact]
    public void Numbers_are_short()
    {
        Assert.Equal(("0.4757", "80.1 %", "52,310", "7.3"), (Words.Loss(0.47567), Words.Percent(0.8012), Words.Rate(52310.4), Words.Rate(7.31)));
        Assert.Equal(("1 worker", "3 workers"), (Words.Plural(1, "worker"), Words.Plural(3, "worker")));
        Assert.Equal(("0.0 KiB", "40 B", "1.0 KiB"), (Words.Bytes(0), Words.Bytes(40), Words.Bytes(1024)));
        Assert.Equal(("512.0 KiB", "25.2 MiB", "23.5 GiB"), (Words.Bytes(1 << 19), Words.Bytes(26421856), Words.Bytes(25232932864)));
    }

    [Fact]
    public void A_table_is_as_wide_as_its_cells_and_has_no_blanks_at_its_ends() =>
        Assert.Equal("A    LONG\nxyz  1\n     22", new TextTable("A", "LONG").Row("xyz", "1").Row("", "22").Render(null));

    [Fact]
    public void Messages_as_json_have_numbers_as_numbers_and_leave_out_what_is_not_set()
    {
        var job = SampleJobs.Running(1, 9);
        job.Progress.Loss = double.PositiveInfinity;

        var json = JsonNode.Parse(ProtoJson.Line(ProtoJson.ToJson(job)))!.AsObject();

        Assert.Equal(9, (int?)json["progress"]!["step"]);
        Assert.Equal("Infinity", (string?)json["progress"]!["loss"]);
        Assert.Equal("RUNNING", (string?)json["state"]);
        Assert.Equal(0, (int?)json["spec"]!["training"]!["seed"]); // set, though zero
        Assert.False(json["spec"]!["training"]!.AsObject().ContainsKey("shards")); // not set
        Assert.False(json.ContainsKey("result"));
        Assert.Equal([], json["workers"]!.AsArray());
    }

    [Fact]
    public void What_gives_bits_up_is_shown_wherever_the_job_is()
    {
        var (job, exact, now) = (SampleJobs.Succeeded, SampleJobs.Succeeded, DateTimeOffset.UnixEpoch);
        (job.Spec.Training.Compute, job.Spec.Training.Gradients) = ("tf32", "fp32");

        Assert.Equal("lenet (lenet-3f2a): succeeded (exact: false, compute: tf32, gradients: fp32)", JobText.State(job));
        Assert.Contains("  exact            false, compute: tf32, gradients: fp32\n", JobText.Closing(job, [], null).ReplaceLineEndings("\n"));
        Assert.Contains("  exact       false, compute: tf32, gradients: fp32\n", JobText.Details(job, now, null).ReplaceLineEndings("\n"));
        Assert.Contains("  exact       true\n", JobText.Details(exact, now, null).ReplaceLineEndings("\n"));
        Assert.Contains("lenet-3f2a  lenet (exact: false)  succeeded", JobText.List([job], now, null));
        Assert.DoesNotContain("exact", JobText.State(exact) + JobText.Closing(exact, [], null) + JobText.List([exact], now, null));
        Assert.False((bool?)JobJson.Of(new Ended(job))["exact"]);
    }

    [Theory]
    [InlineData(JobState.Queued, "Waiting for workers.", "lenet (lenet-3f2a): queued, waiting for workers.")]
    [InlineData(JobState.Starting, "Starting on worker-0.", "lenet (lenet-3f2a): starting on worker-0.")]
    [InlineData(JobState.Running, "", "lenet (lenet-3f2a): running")]
    [InlineData(JobState.Failed, "IO error", "lenet (lenet-3f2a): failed, IO error")]
    public void A_state_does_not_stammer(JobState state, string message, string line)
    {
        var job = SampleJobs.Queued;
        (job.State, job.Message) = (state, message);

        Assert.Equal(line, JobText.State(job));
    }
}
