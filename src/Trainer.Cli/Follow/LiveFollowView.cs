using Spectre.Console;
using Spectre.Console.Rendering;
using Trainer.Cli.Errors;
using Trainer.Cli.Output;
using Trainer.Protos;
using Paragraph = Trainer.Cli.Output.Paragraph;
using Progress = Trainer.Protos.Progress;

namespace Trainer.Cli.Follow;

/// <summary>A progress bar at the bottom of the terminal below the curves of loss and accuracy, with evaluations and closed epochs above them.</summary>
internal sealed class LiveFollowView(IAnsiConsole terminal, Printer printer, Func<Job, IEnumerable<(string Name, string Value)>> places) : FollowView
{
    private const int NarrowestBar = 8;
    private const int WidestBar = 40;
    private const int WidestStatus = 66;

    /// <summary>What the columns of the last line, the bar aside, take: the name of the epoch and the blanks between.</summary>
    private const int WidthOfEpoch = 18;

    private readonly LiveCurves _curves = new();
    private volatile string _curveText = "";

    /// <summary>Columns that may be written to. A terminal wraps what reaches its last one.</summary>
    private int Width => terminal.Profile.Width - 1;

    public override async Task<Job> ShowAsync(IAsyncEnumerable<JobEvent> events)
    {
        var bar = new ProgressBarColumn { Width = Math.Clamp(Width - WidthOfEpoch - WidestStatus, NarrowestBar, WidestBar) };
        var job = await terminal.Progress()
            .AutoClear(true)
            .UseRenderHook((tasks, _) => _curveText.Length > 0 ? new Rows(new Text(_curveText), tasks) : tasks)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, bar, new StatusColumn(Width - WidthOfEpoch - bar.Width.Value))
            .StartAsync(progress => FollowAsync(progress.AddTask("connecting", maxValue: 1), events));
        // Past the terminal's renderer, which would break paths and sums where its lines end.
        printer.Tell(JobText.Closing(job, places(job), printer.Width));
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
                case Evaluated evaluated:
                    Say(JobText.Evaluation(evaluated.Job, evaluated.Epoch, evaluated.Evaluation, Width), Color.Default);
                    break;
                case EpochClosed closed:
                    Say(JobText.Epoch(closed.Job, closed.Epoch, Width), Color.Default);
                    break;
                case Progressed progressed:
                    Move(task, progressed.Job);
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
        foreach (var line in Paragraph.Lines(text, Width))
        {
            terminal.WriteLine(line.PadRight(Width), new Style(color));
        }
    }

    private void Move(ProgressTask task, Job job)
    {
        _curves.Observe(job);
        _curveText = string.Join('\n', _curves.Lines(Width));
        if (job is not { State: JobState.Running, Progress: { } progress })
        {
            return;
        }

        task.IsIndeterminate = progress.TotalSteps == 0;
        task.MaxValue = Math.Max(progress.TotalSteps, 1);
        task.Value = progress.Step;
        task.Description = $"epoch {progress.Epoch}/{progress.TotalEpochs}";
        task.Tag = progress;
    }

    /// <summary>step/steps, loss, accuracy, images/s and time to go.</summary>
    private sealed class StatusColumn(int width) : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => task.Tag is Progress progress
            ? new Text(JobText.Status(progress, width))
            : Text.Empty;
    }
}
