using Trainer.Cli.Errors;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Follow;

/// <summary>Shows the events of a job while they come, and what it came to.</summary>
internal abstract class FollowView
{
    /// <summary>JSON lines for scripts, a live bar in a terminal, otherwise a line per epoch.</summary>
    /// <param name="places">Where metrics and logs are: named after the result.</param>
    /// <param name="isLive">Whether there is progress to show.</param>
    public static FollowView For(Printer printer, Func<Job, IEnumerable<(string Name, string Value)>> places, bool isLive) => printer switch
    {
        { Json: true } => new JsonFollowView(printer.Shell.Out),
        { Shell.Terminal: { } terminal } when isLive => new LiveFollowView(terminal, printer, places),
        _ => new PlainFollowView(printer, places),
    };

    /// <returns>The job at its end.</returns>
    public abstract Task<Job> ShowAsync(IAsyncEnumerable<JobEvent> events);
}

/// <summary>One plain line per epoch, per evaluation within one, and per change of state.</summary>
internal sealed class PlainFollowView(Printer printer, Func<Job, IEnumerable<(string Name, string Value)>> places) : FollowView
{
    public override async Task<Job> ShowAsync(IAsyncEnumerable<JobEvent> events)
    {
        Job? job = null;
        await foreach (var happened in events)
        {
            switch (happened)
            {
                case StateChanged changed:
                    printer.Tell(JobText.State(changed.Job));
                    break;
                case Evaluated evaluated:
                    printer.Tell(JobText.Evaluation(evaluated.Job, evaluated.Epoch, evaluated.Evaluation, printer.Width));
                    break;
                case EpochClosed closed:
                    printer.Tell(JobText.Epoch(closed.Job, closed.Epoch, printer.Width));
                    break;
                case Notice notice:
                    printer.Warn(notice.Text);
                    break;
                case Ended ended:
                    job = ended.Job;
                    printer.Tell(JobText.Closing(job, places(job), printer.Width));
                    break;
            }
        }
        return job ?? throw new CliException("The stream ended before the job did.");
    }
}

/// <summary>One JSON object a line; the last one is the result.</summary>
internal sealed class JsonFollowView(TextWriter output) : FollowView
{
    public override async Task<Job> ShowAsync(IAsyncEnumerable<JobEvent> events)
    {
        Job? job = null;
        await foreach (var happened in events)
        {
            output.WriteLine(ProtoJson.Line(JobJson.Of(happened)));
            output.Flush();
            job = (happened as Ended)?.Job ?? job;
        }
        return job ?? throw new CliException("The stream ended before the job did.");
    }
}
