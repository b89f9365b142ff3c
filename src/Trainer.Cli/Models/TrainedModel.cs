using System.CommandLine;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.JobFiles;
using Trainer.Cli.Output;
using Trainer.Hosting.Artifacts;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Formats;
using Trainer.Protos;

namespace Trainer.Cli.Models;

/// <summary>What training left behind: the job that says what the model is, and the file with its weights.</summary>
/// <param name="Place">What to call it in messages.</param>
/// <param name="Input">Per image, as the model gets it; null where only the job's data tells.</param>
/// <param name="Classes">That the model gives; null likewise.</param>
internal sealed record TrainedModel(JobSpec Spec, string Weights, string Place, Shape? Input = null, int? Classes = null)
{
    /// <summary>Finds the file with the optimizer's state; null: there is none. Beside the weights, unless something else is known.</summary>
    public Func<CancellationToken, Task<string?>> OptimizerState { get; init; } = _ =>
        Task.FromResult(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(Weights))!, ArtifactNames.OptimizerState) is var file && File.Exists(file) ? file : null);

    /// <summary>By label, as the job's known data set or the file itself says; empty: classes have no names.</summary>
    public IReadOnlyList<string> ClassNames { get; init; } = [];

    /// <summary>Where it is one, and not a result.</summary>
    public CheckpointSummary? Checkpoint { get; init; }

    public static TrainedModel Of(Job job, Result result, string weights) => new(
        job.Spec,
        weights,
        job.Id,
        result.Input.Count == 3 ? new Shape([.. result.Input.Select(size => (int)size)]) : null,
        result.Classes > 0 ? (int)result.Classes : null);
}

/// <summary>How a command is told which trained model it is about: a job of the cluster, or a file of weights with its job file.</summary>
internal sealed class TrainedModelOptions
{
    private readonly Argument<string> _source = new("ID|WEIGHTS") { Description = "A job that succeeded, or, with --checkpoint, any job; or, with --job, a safetensors file." };

    private readonly Option<string?> _job = new("--job")
    {
        Description = "The job file that says what model the weights are of. Then no cluster is asked.",
        HelpName = "FILE",
    };

    private readonly Option<CheckpointChoice?> _checkpoint = CheckpointChoice.Option();

    private readonly ConnectionOptions _connection = new();

    public void AddTo(Command command)
    {
        command.Arguments.Add(_source);
        command.Options.Add(_job);
        command.Options.Add(_checkpoint);
        _connection.AddTo(command);
    }

    /// <summary>The job of the cluster, where a command is about that and no file.</summary>
    /// <exception cref="CliException">It is told of a file, or of a checkpoint.</exception>
    public (string Id, ClusterAddress Address) JobOf(ParseResult parsed, Shell shell) => parsed.GetValue(_job) is null && parsed.GetValue(_checkpoint) is null
        ? (parsed.GetValue(_source)!, _connection.Read(parsed, shell))
        : throw new CliException("What steps came to is a job's: --job and --checkpoint are for models.", ExitCode.Usage, "Leave them out.");

    /// <exception cref="CliException">No such job, it has no result, or a file is missing or faulty.</exception>
    public async Task<TrainedModel> FindAsync(ParseResult parsed, Shell shell, CancellationToken stop)
    {
        var source = parsed.GetValue(_source)!;
        var found = parsed.GetValue(_job) is { } file
            ? OfFiles(source, file)
            : await OfJobAsync(source, parsed.GetValue(_checkpoint), _connection.Read(parsed, shell), shell, stop);
        return File.Exists(found.Weights) ? WithFacts(found) : throw new CliException($"There are no weights in {found.Weights}: no such file.");
    }

    /// <summary>With what the file says beside its weights.</summary>
    private static TrainedModel WithFacts(TrainedModel found)
    {
        var facts = FactsOf(found.Weights);
        var known = KnownDataSet.All.FirstOrDefault(set => set.Name == found.Spec.Data.Dataset)?.ClassNames ?? [];
        return found with
        {
            ClassNames = known.Count > 0 ? known : facts?.ClassNames ?? [],
            Input = found.Input ?? facts?.Input,
            Classes = found.Classes ?? facts?.ClassNames.Count,
        };
    }

    // Whoever reads the weights themselves says what is wrong with the file.
    private static ArtifactFacts? FactsOf(string weights)
    {
        try
        {
            return ArtifactFacts.Read(weights);
        }
        catch (DataFileException)
        {
            return null;
        }
    }

    private static TrainedModel OfFiles(string weights, string jobFile)
    {
        var spec = JobRules.WithDefaults(JobFileReader.Read(jobFile));
        return new TrainedModel(spec, weights, jobFile, ModelSource.InputOf(spec));
    }

    private static async Task<TrainedModel> OfJobAsync(string id, CheckpointChoice? checkpoint, ClusterAddress address, Shell shell, CancellationToken stop)
    {
        if (File.Exists(id))
        {
            throw new CliException($"{id} is a file of weights, which do not say what model they are of.", ExitCode.Usage, "Give the job file with --job.");
        }

        using var client = await ClusterClient.OpenAsync(address, stop);
        var job = await client.CallAsync((cluster, options) => cluster.Jobs.GetJobAsync(new GetJobRequest { Id = id }, options), stop);
        return checkpoint is not null && !checkpoint.IsResultOf(job) ? await new CheckpointModel(shell, address).FindAsync(job, checkpoint, stop)
            : job.Result is { WeightsPath.Length: > 0 } result ? await new ResultFiles(shell).FindAsync(job, result, address, stop)
            : job.Verification is { } verified
            ? throw new CliException($"Job {id} has no weights: it verifies job {verified.Job}.", remedy: $"Take those of job {verified.Job}.")
            : throw new CliException($"Job {id} has no weights: it is {Output.Words.State(job.State)}.", remedy: $"Take those of a checkpoint: --checkpoint best, last or a step of: trainer checkpoints {id}");
    }
}
