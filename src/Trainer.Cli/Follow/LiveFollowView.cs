using Spectre.Console;
using Spectre.Console.Rendering;
using Trainer.Cli.Errors;
using Trainer.Cli.Output;
using Trainer.Protos;
using Progress = Trainer.Protos.Progress;

namespace Trainer.Cli.Follow;

/// <summary>A progress bar at the bottom of the terminal, with the closed epochs above it.</summary>
internal sealed class LiveFollowView(IAnsiConsole terminal, TextWriter output, Func<Job, IEnumerable<(string Name, string Value)>> places) : FollowView
{
    private const int WidthOfTheRest = 72;

    public override async Task<Job> ShowAsync(IAsyncEnumerable<JobEvent> events)
    {
        var bar = new ProgressBarColumn { Width = Math.Clamp(terminal.Profile.Width - WidthOfTheRest, 8, 40) };
        var job = await terminal.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, bar, new StatusColumn())
            .StartAsync(progress => FollowAsync(progress.AddTask("connecting", maxValue: 1), events));
        // Straight to the writer: the terminal's own wrapping leaves sums and paths whole for copying.
        output.WriteLine(JobText.Closing(job, places(job)));
        return job;
    }

    private async Task<Job> FollowAsync(ProgressTask task, IAsyncEnumerable<JobEvent> events)
    {
        Job? job = null;
        task.IsIndeterminate = true;
        await foreach (var happened in events)
        {
            switch (happened)
            {
                case StateChanged changed:
                    Say(JobText.State(changed.Job), Color.Grey);
                    task.Description = Words.State(changed.Job.State);
                    break;
                case EpochClosed closed:
                    Say(JobText.EpochBesideBar(closed.Job, closed.Epoch), Color.Default);
                    break;
                case Progressed { Job: { State: JobState.Running, Progress: var progress } }:
                    Move(task, progress);
                    break;
                case Notice notice:
                    Say(notice.Text, Color.Yellow);
                    break;
                case Ended ended:
                    job = ended.Job;
                    break;
            }
        }
        return job ?? throw new CliException("The stream ended before the job did.");
    }

    /// <summary>Writes above the bar: the terminal draws over what stands there without erasing it, so whole lines, and one at a time.</summary>
    private void Say(string text, Color color)
    {
        var width = terminal.Profile.Width - 1;
        foreach (var line in text.Chunk(width))
            terminal.WriteLine(new string(line).PadRight(width), new Style(color));
    }

    private static void Move(ProgressTask task, Progress progress)
    {
        task.IsIndeterminate = progress.TotalSteps == 0;
        task.MaxValue = Math.Max(progress.TotalSteps, 1);
        task.Value = progress.Step;
        task.Description = $"epoch {progress.Epoch}/{progress.TotalEpochs}";
        task.Tag = progress;
    }

    /// <summary>step/steps, loss, accuracy, images/s and time to go.</summary>
    private sealed class StatusColumn : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => task.Tag is Progress progress
            ? new Text(
                $"{progress.Step}/{progress.TotalSteps}  loss {Words.Loss(progress.Loss)}  acc {Words.Percent(progress.Accuracy)}  "
                + $"{Words.Rate(progress.ImagesPerSecond)} images/s  ETA {Words.Duration(progress.EtaSeconds)}")
            : Text.Empty;
    }
}
