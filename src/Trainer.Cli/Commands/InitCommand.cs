using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.JobFiles;
using Trainer.Cli.Output;
using Trainer.Kernels.Models;

namespace Trainer.Cli.Commands;

/// <summary>trainer init [--model NAME] [--to FILE]: a job file to start from.</summary>
internal static class InitCommand
{
    public static Command Create(Shell shell)
    {
        var model = new Option<string>("--model") { Description = "A network of the zoo.", HelpName = "NAME", DefaultValueFactory = _ => "lenet" };
        var to = new Option<string>("--to") { Description = "The file to write; it must not be there.", HelpName = "FILE", DefaultValueFactory = _ => "job.yaml" };
        var command = new TrainerCommand("init", "Writes a job file to start from.")
        {
            Examples = ["trainer init", "trainer init --model resnet18 --to resnet18.yaml"],
            Options = { model, to },
        };
        command.SetAction(parsed =>
        {
            var (network, path) = (parsed.GetValue(model)!, parsed.GetValue(to)!);
            if (!Zoo.Names.Contains(network))
            {
                throw new CliException($"The zoo has no network '{network}'.", ExitCode.Usage, remedy: "What it has: trainer models");
            }

            Write(path, StarterJob.Text($"my-{network.Replace('_', '-')}", network));
            Printer.Of(parsed, shell).Say(() => new JsonObject { ["file"] = path }, () => $"Wrote {path}. Change it, then: trainer submit {path} --follow");
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Write(string path, string text)
    {
        try
        {
            using var file = new StreamWriter(new FileStream(path, FileMode.CreateNew));
            file.Write(text);
        }
        catch (IOException) when (File.Exists(path))
        {
            throw new CliException($"{path} is there already.", remedy: "Name another file with --to FILE, or remove it.");
        }
    }
}
