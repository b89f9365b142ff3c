using Trainer.Cli.Commands;
using Trainer.Cli.Doctor;
using Trainer.Cli.Output;
using Trainer.Cli.Tests.Fakes;
using Trainer.Kernels.Gpu;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training.Planning;
using Trainer.Protos;

namespace Trainer.Cli.Tests.Output;

/// <summary>What commands print, in terminals of 60, 80 and 120 columns.</summary>
public sealed class LayoutTests
{
    private static readonly string Sum = "d3ac118c68b6d1c296fd76c97de51c9a4df147b0ce063f693b5c6e71b9f6dd7b";

    public static TheoryData<int> Widths => [60, 80, 120];

    [Theory]
    [InlineData(60, "epoch 1/3  loss 1.0000  train 60.0 %  test 61.0 %   1.5 s")]
    [InlineData(80, "epoch 1/3  loss 1.0000  train 60.0 %  test 61.0 %   50,000 images/s   1.5 s")]
    [InlineData(120, "epoch 1/3  step  7/21  loss 1.0000  train 60.0 %  test 61.0 %   50,000 images/s   1.5 s  ETA 3.0 s")]
    public void An_epoch_is_one_line(int width, string line)
    {
        var job = SampleJobs.Running(1, 7);

        Assert.Equal(line, JobText.Epoch(job, job.Epochs[0], width));
        Assert.Equal(JobText.Epoch(job, job.Epochs[0], 120), JobText.Epoch(job, job.Epochs[0], null));
    }

    [Theory]
    [InlineData(30, "step 10/21  test 61.5 %")]
    [InlineData(60, "epoch 2/3  step 10/21  test loss 0.5000  test 61.5 %")]
    public void An_evaluation_within_an_epoch_is_one_line(int width, string line) =>
        Assert.Equal(line, JobText.Evaluation(SampleJobs.Running(1, 10), 2, new StepEvaluation { Step = 10, TestLoss = 0.5, TestAccuracy = 0.615 }, width));

    [Theory]
    [InlineData(20, "9/21  loss 0.7500")]
    [InlineData(32, "9/21  loss 0.7500  ETA 12 s")]
    [InlineData(80, "9/21  loss 0.7500  train 70.0 %  51,235 images/s  ETA 12 s")]
    public void Beside_the_bar_stands_what_has_room(int width, string line) => Assert.Equal(line, JobText.Status(SampleJobs.Running(1, 9).Progress, width));

    [Theory]
    [MemberData(nameof(Widths))]
    public void The_closing_table_leaves_sums_and_paths_whole(int width)
    {
        var text = JobText.Closing(Succeeded(), [("log", "trainer logs 6ed2ujta4p")], width);

        AssertFits(text, width, Sum, Succeeded().Result.WeightsPath);
        Assert.Contains("  log              trainer logs 6ed2ujta4p", Lines(text));
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Get_leaves_sums_and_paths_whole(int width)
    {
        var text = JobText.Details(Succeeded(), DateTimeOffset.UnixEpoch, width);

        AssertFits(text, width, Sum, Succeeded().Result.WeightsPath);
        Assert.Contains(Sum, Lines(text).Select(line => line.Split("  ")[^1].Trim()));
    }

    [Theory]
    [InlineData(60, "ID          NAME                 STATE      EPOCH  TEST\n6ed2ujta4p  lenet-fashion-mnist  succeeded  3/3    61.0 %\n            (exact: false)\n\nLeft out for want of width: LOSS, AGE.")]
    [InlineData(120, "ID          NAME                                STATE      EPOCH  LOSS    TEST    AGE\n6ed2ujta4p  lenet-fashion-mnist (exact: false)  succeeded  3/3    0.3333  61.0 %  2 h 5 min")]
    public void Jobs_leave_columns_out_and_say_so(int width, string text)
    {
        var job = Succeeded();
        job.Spec.Training.Compute = "tf32";

        Assert.Equal(text, JobText.List([job], DateTimeOffset.UnixEpoch.AddMinutes(125), width).ReplaceLineEndings("\n"));
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Workers_fit(int width)
    {
        Worker[] workers = [new() { Name = "worker-0", Node = "127.0.0.1:40123", DeviceKind = "cpu", Device = "AMD EPYC 9B14 96-Core Processor", Threads = 96, Job = "6ed2ujta4p" }];

        AssertFits(WorkersCommand.Table(workers, width), width, "worker-0", "6ed2ujta4p");
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Models_and_their_descriptions_fit(int width)
    {
        foreach (var network in Zoo.Entries)
        {
            AssertFits(ModelText.Table(ModelSummary.Of(Zoo.Create(network.Name, network.Input, 10)), width), width, "parameters");
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Devices_fit(int width)
    {
        DeviceListing[] devices = [.. DeviceCatalog.List()];

        AssertFits(DevicesCommand.Text(devices, width), width, devices[0].Name);
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Doctors_findings_fit_and_its_advice_can_be_copied(int width)
    {
        Check[] checks =
        [
            new("processor", Verdict.Ok, "2 processors with AVX-512"),
            new("Fashion-MNIST", Verdict.Missing, "not in the folders that are searched, of which there are three on this machine", "Get it with: trainer data fetch fashion-mnist"),
            new("cluster", Verdict.Optional, "No cluster is running here.", "Start one with: trainer up --detach\nFor a cluster elsewhere, give --endpoint and --token-file."),
        ];

        var text = DoctorCommand.ToText(checks, width);

        AssertFits(text, width, "trainer data fetch fashion-mnist", "trainer up --detach");
        Assert.Contains(Lines(text), line => line.StartsWith(new string(' ', 27) + "For a cluster elsewhere,", StringComparison.Ordinal)); // under the line before it
    }

    [Fact]
    public void A_table_of_text_is_broken_at_blanks_and_a_copied_cell_never()
    {
        var table = new TextTable("A", new Column("TEXT", Wraps: true)).Row("some-long-id", "a few words that take two lines");

        Assert.Equal("A             TEXT\nsome-long-id  a few words that take\n              two lines", table.Render(37).ReplaceLineEndings("\n"));
        Assert.Equal("A             TEXT\nsome-long-id  a few words that\n              take two lines", table.Render(10).ReplaceLineEndings("\n")); // no narrower than 20
    }

    private static Job Succeeded()
    {
        var job = SampleJobs.Succeeded;
        (job.Id, job.Spec.Name) = ("6ed2ujta4p", "lenet-fashion-mnist");
        job.Result.WeightsPath = "/home/ada/.local/state/trainer/jobs/6ed2ujta4p/model.safetensors";
        job.Result.WeightsSha256 = Sum;
        return job;
    }

    /// <summary>No line is longer than the width, but for what people copy, which is on one line each.</summary>
    private static void AssertFits(string text, int width, params string[] copied)
    {
        Assert.All(copied, whole => Assert.Contains(Lines(text), line => line.Contains(whole, StringComparison.Ordinal)));
        Assert.All(Lines(text), line => Assert.True(line.Length <= width || copied.Contains(line.Trim()), $"{line.Length} of {width} columns: {line}"));
    }

    private static string[] Lines(string text) => text.ReplaceLineEndings("\n").Split('\n');
}
