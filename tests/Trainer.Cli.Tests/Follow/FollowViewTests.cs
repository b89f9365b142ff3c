using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Spectre.Console;
using Trainer.Cli.Follow;
using Trainer.Cli.Output;
using Trainer.Cli.Tests.Fakes;
using Trainer.Protos;

namespace Trainer.Cli.Tests.Follow;

public sealed partial class FollowViewTests
{
    private static readonly (string, string)[] Places = [("metrics", "http://127.0.0.1:9/metrics"), ("job log", "trainer logs lenet-3f2a")];

    [Fact]
    public async Task Without_a_terminal_there_is_a_line_per_epoch_and_a_closing_table()
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();

        var job = await new PlainFollowView(PrinterOf(output, errors), _ => Places).ShowAsync(Events(SampleJobs.Queued, SampleJobs.Running(0, 3), SampleJobs.Running(1, 7), SampleJobs.Succeeded));

        Assert.Equal(JobState.Succeeded, job.State);
        Assert.Equal($"""
            lenet (lenet-3f2a): queued, waiting for 2 workers.
            lenet (lenet-3f2a): running
            epoch 1/3  step  7/21  loss 1.0000  train 60.0 %  test 61.0 %   50,000 images/s   1.5 s  ETA 3.0 s
            epoch 2/3  step 14/21  loss 0.5000  train 60.0 %  test 61.0 %   50,000 images/s   1.5 s  ETA 1.5 s
            epoch 3/3  step 21/21  loss 0.3333  train 60.0 %  test 61.0 %   50,000 images/s   1.5 s

            Job lenet (lenet-3f2a) succeeded
              loss             0.3333
              train accuracy   60.0 %
              test accuracy    61.0 % (best 62.0 %)
              images/s         50,000
              seconds          4.8
              weights SHA-256  {new string('a', 64)}
              model file       /jobs/lenet-3f2a/weights.safetensors
              metrics          http://127.0.0.1:9/metrics
              job log          trainer logs lenet-3f2a

            """, output.ToString());
        Assert.Empty(errors.ToString());
    }

    [Fact]
    public async Task A_failed_job_closes_with_the_reason()
    {
        using var output = new StringWriter();

        await new PlainFollowView(PrinterOf(output, output), _ => [("job log", "trainer logs lenet-3f2a")]).ShowAsync(Events(SampleJobs.Running(1, 9), SampleJobs.Failed));

        Assert.EndsWith("\n\nJob lenet (lenet-3f2a) failed: worker-1 was lost at step 9.\n  job log  trainer logs lenet-3f2a\n", output.ToString());
    }

    [Fact]
    public async Task As_json_every_line_is_an_object_and_the_last_one_the_result()
    {
        using var output = new StringWriter();

        await new JsonFollowView(output).ShowAsync(Events(SampleJobs.Queued, SampleJobs.Running(1, 9), SampleJobs.Succeeded));

        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject()).ToList();
        Assert.Equal(["state", "state", "epoch", "progress", "epoch", "epoch", "progress", "result"], lines.Select(line => (string?)line["event"]));
        Assert.Equal(9, (int?)lines[3]["step"]);
        Assert.Equal(
            ["event", "id", "name", "exact", "state", "message", "weights_path", "weights_sha256", "loss", "train_accuracy", "test_accuracy", "best_test_accuracy", "images_per_second", "seconds", "input", "classes"],
            lines[^1].Select(field => field.Key));
        Assert.Equal(("SUCCEEDED", 0.62, 4.75), ((string?)lines[^1]["state"], (double?)lines[^1]["best_test_accuracy"], (double?)lines[^1]["seconds"]));
    }

    [Fact]
    public async Task As_json_the_result_of_a_failed_job_has_the_same_fields_without_values()
    {
        using var output = new StringWriter();
        var job = SampleJobs.Failed;
        job.Progress.Loss = double.NaN;

        await new JsonFollowView(output).ShowAsync(Events(job));

        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject()).ToList();
        Assert.Equal("NaN", (string?)lines[1]["loss"]);
        Assert.Equal(("FAILED", "worker-1 was lost at step 9."), ((string?)lines[^1]["state"], (string?)lines[^1]["message"]));
        Assert.True(lines[^1].ContainsKey("weights_sha256"));
        Assert.Null(lines[^1]["weights_sha256"]);
    }

    [Fact]
    public async Task In_a_terminal_a_bar_moves_and_closed_epochs_stay_above_it()
    {
        var output = new StringWriter(); // Its thread may draw once more behind the end.
        var terminal = Terminal(output, 120);

        var job = await new LiveFollowView(terminal, PrinterOf(output, output), _ => Places).ShowAsync(Events(SampleJobs.Queued, SampleJobs.Running(1, 9), SampleJobs.Succeeded));

        Assert.Equal(JobState.Succeeded, job.State);
        var text = output.ToString();
        Assert.Contains("epoch 1/3  step  7/21  loss 1.0000  train 60.0 %  test 61.0 %   50,000 images/s   1.5 s  ETA 3.0 s ", text);
        Assert.Contains("epoch 3/3  step 21/21  loss 0.3333", text);
        Assert.Contains($"  weights SHA-256  {new string('a', 64)}\n", text);
        Assert.Contains("\u001b[?25h", text); // the cursor is shown again
    }

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(120)]
    public async Task In_a_terminal_no_line_reaches_its_last_column_but_what_is_copied(int width)
    {
        var output = new StringWriter(); // Its thread may draw once more behind the end.
        var terminal = Terminal(output, width);
        var printer = new Printer(new Shell { Out = output, Error = output, Environment = _ => null, Width = width }, json: false);

        await new LiveFollowView(terminal, printer, _ => Places).ShowAsync(Events(SampleJobs.Queued, SampleJobs.Running(1, 9), SampleJobs.Succeeded));

        var lines = Escapes().Replace(output.ToString(), "").Split('\n', '\r').Select(line => line.TrimEnd()).ToList();
        var sum = new string('a', 64);
        Assert.Contains(lines, line => line.EndsWith(sum, StringComparison.Ordinal));
        Assert.All(lines.Where(line => line.Trim() != sum), line => Assert.InRange(line.Length, 0, width));
    }

    [Theory]
    [InlineData(59, "loss  █▄▃▂▁▁▁▁▁                    0.1111  0.1111 to 1.0000")]
    [InlineData(30, "loss  █▄▃▂▁▁▁▁▁         0.1111")]
    public void Curves_fit_the_line(int width, string loss)
    {
        var curves = new LiveCurves();
        Assert.Empty(curves.Lines(width));
        curves.Observe(SampleJobs.Queued);
        for (var step = 1ul; step <= 9; step++)
        {
            var job = SampleJobs.Running(0, step);
            job.Progress.Loss = 1.0 / step;
            curves.Observe(job);
        }

        var lines = curves.Lines(width);
        Assert.Equal(["loss", "train"], lines.Select(line => line[..6].TrimEnd())); // Nothing was evaluated.
        Assert.All(lines, line => Assert.InRange(line.Length, 0, width));
        Assert.Equal(loss, lines[0]);
    }

    /// <summary>Whoever comes late has an epoch's points for what was before.</summary>
    [Fact]
    public void Curves_begin_with_the_epochs_that_are_closed()
    {
        var curves = new LiveCurves();
        curves.Observe(SampleJobs.Running(2, 15));
        var lines = curves.Lines(79);
        Assert.Equal("loss  ███████▁▅", lines[0].Split("  0.7")[0].TrimEnd()); // At steps 7, 14 and 15.
        Assert.EndsWith(" 0.7500  0.5000 to 1.0000", lines[0], StringComparison.Ordinal);
        Assert.Equal("test  ▁▁▁▁▁▁▁▁", lines[2].Split("   6")[0].TrimEnd());
    }

    private static IAnsiConsole Terminal(TextWriter output, int width)
    {
        var terminal = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
            ColorSystem = ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(output),
        });
        terminal.Profile.Width = width;
        return terminal;
    }

    private static Printer PrinterOf(TextWriter output, TextWriter errors) => new(new Shell { Out = output, Error = errors, Environment = _ => null }, json: false);

    [GeneratedRegex("\u001b\\[[0-9;?]*[A-Za-z]", RegexOptions.None, 1000)]
    private static partial Regex Escapes();

    private static async IAsyncEnumerable<JobEvent> Events(params Job[] snapshots)
    {
        Job? before = null;
        foreach (var now in snapshots)
        {
            foreach (var happened in JobEvents.Between(before, now))
            {
                yield return happened;
            }

            before = now;
            await Task.Yield();
        }
    }
}
