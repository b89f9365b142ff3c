using System.CommandLine;
using System.Text.Json;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer schema: job files as a JSON Schema.</summary>
internal static class SchemaCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Command Create(Shell shell)
    {
        var command = new TrainerCommand("schema", "Prints the JSON Schema of job files, by which editors complete and check them.")
        {
            Examples = ["trainer schema"],
        };
        command.SetAction(_ =>
        {
            shell.Out.WriteLine(JobSchema.Create().ToJsonString(Indented));
            return ExitCode.Ok;
        });
        return command;
    }
}
