using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Trainer.Cli.Api;
using Trainer.Cli.Artifacts;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Models;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer download ID [NAME...] --to FOLDER</summary>
internal static class DownloadCommand
{
    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var id = JobId.Argument();
        var names = new Argument<string[]>("NAME") { Description = "Files of the job: model.safetensors, optimizer.safetensors, metrics.jsonl, evaluation.json, evaluation-best.json. Default: all that there are.", Arity = ArgumentArity.ZeroOrMore };
        var to = new Option<string>("--to") { Description = "The folder to write them into; it is made where there is none. Default: a folder with the job's id.", HelpName = "FOLDER" };
        var checkpoint = CheckpointChoice.Option();
        var force = new Option<bool>("--force") { Description = "Replace files that are there." };
        var command = new TrainerCommand("download", "Fetches a job's files from its cluster. A download that was broken off goes on where it was.")
        {
            Examples = ["trainer download 6ed2ujta4p", "trainer download 6ed2ujta4p model.safetensors --to models", "trainer download 6ed2ujta4p --checkpoint best"],
            Arguments = { id, names },
            Options = { to, checkpoint, force },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var (printer, job) = (Printer.Of(parsed, shell), parsed.GetValue(id)!);
            var (address, replace, wanted) = (connection.Read(parsed, shell), parsed.GetValue(force), parsed.GetValue(names) ?? []);
            if (parsed.GetValue(checkpoint) is { } choice && await JobAsync(address, job, stop) is var found && !choice.IsResultOf(found))
            {
                await CopyAsync(new CheckpointModel(shell, address), found, choice, wanted, parsed.GetValue(to), replace, printer, stop);
                return ExitCode.Ok;
            }

            var download = new ArtifactDownload(address);
            var files = Places(Choose(job, await download.ListAsync(job, stop), wanted), Path.GetFullPath(parsed.GetValue(to) ?? job), artifact => artifact.Name, replace);
            foreach (var (artifact, file) in files)
            {
                Tell(printer, file, await download.FetchAsync(job, artifact, file, printer.Warn, stop));
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<Job> JobAsync(ClusterAddress address, string id, CancellationToken stop)
    {
        using var client = await ClusterClient.OpenAsync(address, stop);
        return await client.CallAsync((cluster, options) => cluster.Jobs.GetJobAsync(new GetJobRequest { Id = id }, options), stop);
    }

    /// <summary>A checkpoint, as the files that a result has.</summary>
    private static async Task CopyAsync(CheckpointModel models, Job job, CheckpointChoice choice, string[] names, string? to, bool replace, Printer printer, CancellationToken stop)
    {
        var model = await models.FindAsync(job, choice, stop);
        string?[] there = [model.Weights, await model.OptimizerState(stop)];
        if (names.FirstOrDefault(name => !there.Any(file => Path.GetFileName(file) == name)) is { } unknown)
        {
            throw new CliException($"A checkpoint of job {job.Id} has no file '{unknown}'; it has {string.Join(", ", there.OfType<string>().Select(Path.GetFileName))}.");
        }

        var wanted = there.OfType<string>().Where(file => names.Length == 0 || names.Contains(Path.GetFileName(file))).ToList();
        foreach (var (from, file) in Places(wanted, Path.GetFullPath(to ?? $"{job.Id}-step-{model.Checkpoint!.Step}"), from => Path.GetFileName(from), replace))
        {
            File.Copy(from, file, replace);
            using var written = File.OpenRead(file);
            Tell(printer, file, Convert.ToHexStringLower(await SHA256.HashDataAsync(written, stop)));
        }
    }

    /// <summary>Where files go. Nothing is fetched for a place that is taken.</summary>
    private static List<(T Wanted, string File)> Places<T>(IEnumerable<T> wanted, string folder, Func<T, string> name, bool replace)
    {
        Directory.CreateDirectory(folder);
        var places = wanted.Select(one => (one, Path.Combine(folder, name(one)))).ToList();
        foreach (var (_, file) in places)
        {
            NewFile.RequirePlace(file, replace, "give another folder with --to");
        }

        return places;
    }

    private static void Tell(Printer printer, string file, string sum)
    {
        var bytes = new FileInfo(file).Length;
        printer.Say(
            () => new JsonObject { ["name"] = Path.GetFileName(file), ["file"] = file, ["bytes"] = bytes, ["sha256"] = sum },
            () => $"{file} ({Words.Bytes(bytes)}, SHA-256 {sum})");
    }

    private static List<Artifact> Choose(string job, IReadOnlyList<Artifact> there, string[] names)
    {
        if (there.Count == 0)
        {
            throw new CliException($"Job {job} has no files yet.", remedy: $"See: trainer get {job}");
        }

        return names.Length == 0 ? [.. there] : [.. names.Select(name => there.FirstOrDefault(artifact => artifact.Name == name)
            ?? throw new CliException($"Job {job} has no file '{name}'; it has {string.Join(", ", there.Select(artifact => artifact.Name))}."))];
    }
}
