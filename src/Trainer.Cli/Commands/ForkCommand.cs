using System.CommandLine;
using System.Globalization;
using Trainer.Cli.Api;
using Trainer.Cli.Help;
using Trainer.Cli.JobFiles;
using Trainer.Cli.Models;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer fork ID --step N --set PATH=VALUE</summary>
internal static class ForkCommand
{
    public static Command Create(Shell shell)
    {
        var (connection, submission) = (new ConnectionOptions(), new Submission());
        var id = JobId.Argument();
        var step = CheckpointChoice.Option("--step", "From which checkpoint: that with the best result, the last one (default), or that of a step. They are listed by: trainer checkpoints ID");
        var name = new Option<string?>("--name") { Description = "A name instead of that job's.", HelpName = "NAME" };
        var set = Submission.SetOption("A value in place of that job's, by the field's path; the value is YAML. May be given more than once.");
        var to = new Option<string?>("--to") { Description = "The job file to write. Default: a file named as the job and the step.", HelpName = "FILE" };
        var force = new Option<bool>("--force") { Description = "Replace a file that is there." };
        var command = new TrainerCommand("fork", "Writes a job file that goes on from a checkpoint of a job, with other options, and sends it to the cluster.")
        {
            Examples =
            [
                "trainer fork 6ed2ujta4p --step best --set training.optimizer.sgd.lr=0.01",
                "trainer fork 6ed2ujta4p --set training.epochs=30 --to longer.yaml --follow",
                "trainer fork 6ed2ujta4p --step 470 --set training.init.from.take=weights --set training.batch_size=64",
            ],
            Arguments = { id },
            Options = { step, name, set, to, force },
        };
        submission.AddTo(command);
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var (address, printer, source) = (connection.Read(parsed, shell), Printer.Of(parsed, shell), parsed.GetValue(id)!);
            var spec = await SpecAsync(address, source, stop);
            var checkpoint = (parsed.GetValue(step) ?? CheckpointChoice.TheLast).Of(source, await CheckpointModel.ListAsync(address, source, stop));
            var file = parsed.GetValue(to) ?? $"{source}-step-{checkpoint.Step}.yaml";
            NewFile.RequirePlace(file, parsed.GetValue(force), "give another file with --to");
            spec.Name = parsed.GetValue(name) ?? spec.Name;
            spec.Training.Init = new Init { From = new InitFrom { Job = source, Checkpoint = checkpoint.Step.ToString(CultureInfo.InvariantCulture), Hash = checkpoint.Hash } };
            var document = JobFileReader.Write(file, spec, parsed.GetValue(set) ?? []);
            printer.Warn($"{file} goes on from step {checkpoint.Step} of job {source}.");
            return await submission.RunAsync(parsed, printer, address, document, stop);
        });
        return command;
    }

    private static async Task<JobSpec> SpecAsync(ClusterAddress address, string id, CancellationToken stop)
    {
        using var client = await ClusterClient.OpenAsync(address, stop);
        return (await client.CallAsync((cluster, options) => cluster.Jobs.GetJobAsync(new GetJobRequest { Id = id }, options), stop)).Spec;
    }
}
