using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Api;
using Trainer.Cli.Artifacts;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
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
        var names = new Argument<string[]>("NAME") { Description = "Files of the job: model.safetensors, optimizer.safetensors, metrics.jsonl. Default: all that there are.", Arity = ArgumentArity.ZeroOrMore };
        var to = new Option<string>("--to") { Description = "The folder to write them into; it is made where there is none. Default: a folder with the job's id.", HelpName = "FOLDER" };
        var command = new TrainerCommand("download", "Fetches a job's files from its cluster. A download that was broken off goes on where it was.")
        {
            Examples = ["trainer download 6ed2ujta4p", "trainer download 6ed2ujta4p model.safetensors --to models"],
            Arguments = { id, names },
            Options = { to },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var (printer, job) = (Printer.Of(parsed, shell), parsed.GetValue(id)!);
            var download = new ArtifactDownload(connection.Read(parsed, shell));
            var wanted = Choose(job, await download.ListAsync(job, stop), parsed.GetValue(names) ?? []);
            var folder = Directory.CreateDirectory(Path.GetFullPath(parsed.GetValue(to) ?? job)).FullName;
            foreach (var artifact in wanted)
            {
                var file = Path.Combine(folder, artifact.Name);
                var sum = await download.FetchAsync(job, artifact, file, printer.Warn, stop);
                printer.Say(
                    () => new JsonObject { ["name"] = artifact.Name, ["file"] = file, ["bytes"] = artifact.Bytes, ["sha256"] = sum },
                    () => $"{file} ({Words.Bytes((long)artifact.Bytes)}, SHA-256 {sum})");
            }

            return ExitCode.Ok;
        });
        return command;
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
