using System.CommandLine;
using System.Globalization;
using Trainer.Cli.Errors;
using Trainer.Protos;

namespace Trainer.Cli.Models;

/// <summary>Which state of a job is meant: the best one, the last one, or that after a step.</summary>
/// <param name="Step">Null: the best or the last.</param>
internal sealed record CheckpointChoice(string Text, ulong? Step)
{
    private const string Best = "best";
    private const string Last = "last";

    public static CheckpointChoice TheLast { get; } = new(Last, null);

    public static Option<CheckpointChoice?> Option() =>
        Option("--checkpoint", "A state of the job, whatever state it is in: that of the best epoch, the last one, or that after a step. They are listed by: trainer checkpoints ID");

    public static Option<CheckpointChoice?> Option(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "best|last|STEP",
        CustomParser = given =>
        {
            var text = given.Tokens[0].Value;
            if (text is Best or Last)
            {
                return new CheckpointChoice(text, null);
            }

            if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var step))
            {
                return new CheckpointChoice(text, step);
            }

            given.AddError($"{name}: expected best, last or the number of a step, got '{text}'.");
            return null;
        },
    };

    /// <summary>Whether the job's result is what is meant.</summary>
    public bool IsResultOf(Job job) => job.Result is { WeightsPath.Length: > 0 } && (Text == Last || Step == job.Progress?.TotalSteps);

    /// <param name="there">By item.</param>
    /// <exception cref="CliException">There is no such checkpoint.</exception>
    public CheckpointSummary Of(string job, IReadOnlyList<CheckpointSummary> there)
    {
        if (there.Count == 0)
        {
            throw new CliException($"Job {job} has no checkpoint yet.", remedy: "One is written every cluster.checkpoint.every_seconds, when an epoch is the best so far, and when the job is suspended.");
        }

        return Text switch
        {
            Last => there[^1],
            Best => there.FirstOrDefault(checkpoint => checkpoint.Best) ?? throw new CliException($"No checkpoint of job {job} is one of the end of an epoch, so none is the best.", remedy: "Take the last one: --checkpoint last"),
            _ => there.LastOrDefault(checkpoint => checkpoint.Step == Step)
                ?? throw new CliException($"Job {job} has no checkpoint of step {Step}.", remedy: $"It has those of steps {string.Join(", ", there.Select(checkpoint => checkpoint.Step).Distinct())}."),
        };
    }
}
