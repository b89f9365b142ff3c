using System.CommandLine;
using Trainer.Cli.Api;
using Trainer.Cli.Help;
using Trainer.Cli.JobFiles;
using Trainer.Cli.Output;

namespace Trainer.Cli.Commands;

/// <summary>trainer submit FILE [--follow|--wait]</summary>
internal static class SubmitCommand
{
    public static Command Create(Shell shell)
    {
        var (connection, submission) = (new ConnectionOptions(), new Submission());
        var file = new Argument<string>("FILE") { Description = "The job file (YAML; job.proto defines its fields)." };
        var name = new Option<string?>("--name") { Description = "A name instead of the file's.", HelpName = "NAME" };
        var set = Submission.SetOption("A value in place of the file's, by the field's path; the value is YAML. May be given more than once.");
        var command = new TrainerCommand("submit", "Sends a job to the cluster.")
        {
            Examples =
            [
                "trainer submit examples/lenet-fashion-mnist.yaml --follow",
                "trainer submit my-job.yaml --validate-only",
                "trainer submit my-job.yaml --set training.optimizer.sgd.lr=0.01 --set training.epochs=3 --label sweep=lr",
                "trainer submit my-job.yaml --follow --output json | tail -n 1 | jq -r .weights_sha256",
                "trainer submit my-job.yaml --endpoint https://trainer.example.com --token-file ~/.trainer-token",
            ],
            Arguments = { file },
            Options = { name, set },
        };
        submission.AddTo(command);
        connection.AddTo(command);
        command.SetAction((parsed, stop) =>
        {
            var document = JobFileReader.Open(parsed.GetValue(file)!, parsed.GetValue(set) ?? []);
            document.Spec.Name = parsed.GetValue(name) ?? document.Spec.Name;
            return submission.RunAsync(parsed, Printer.Of(parsed, shell), connection.Read(parsed, shell), document, stop);
        });
        return command;
    }
}
