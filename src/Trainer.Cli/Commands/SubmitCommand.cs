using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Follow;
using Trainer.Cli.Help;
using Trainer.Cli.JobFiles;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer submit FILE [--follow|--wait]</summary>
internal static class SubmitCommand
{
    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var file = new Argument<string>("FILE") { Description = "The job file (YAML; job.proto defines its fields)." };
        var follow = new Option<bool>("--follow", "-f") { Description = "Show progress until the job ends. Ctrl-C detaches; the job goes on." };
        var wait = new Option<bool>("--wait") { Description = "Wait for the end of the job, and show its result. The exit code tells whether it succeeded." };
        var cancelOnInterrupt = new Option<bool>("--cancel-on-interrupt") { Description = "With --follow or --wait: Ctrl-C cancels the job." };
        var name = new Option<string?>("--name") { Description = "A name instead of the file's.", HelpName = "NAME" };
        var set = new Option<string[]>("--set")
        {
            Description = "A value in place of the file's, by the field's path; the value is YAML. May be given more than once.",
            HelpName = "PATH=VALUE",
        };
        var label = LabelOption.Create("Give the job this label, to find it by. Repeat it for several.");
        var notes = new Option<string>("--notes") { Description = "Your own words about the job.", HelpName = "TEXT", DefaultValueFactory = _ => "" };
        var validateOnly = new Option<bool>("--validate-only") { Description = "Check whether the job could run; create nothing." };
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
            Options = { follow, wait, cancelOnInterrupt, name, set, label, notes, validateOnly },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var printer = Printer.Of(parsed, shell);
            var address = connection.Read(parsed, shell);
            var path = parsed.GetValue(file)!;
            var document = JobFileReader.Open(path, parsed.GetValue(set) ?? []);
            document.Spec.Name = parsed.GetValue(name) ?? document.Spec.Name;
            var request = new CreateJobRequest
            {
                Spec = document.Spec,
                RequestId = Guid.NewGuid().ToString(),
                ValidateOnly = parsed.GetValue(validateOnly),
                Labels = { parsed.GetValue(label)!.ToLookup(pair => pair.Key, pair => pair.Value).ToDictionary(values => values.Key, values => values.Last()) },
                Notes = parsed.GetValue(notes),
            };
            var job = await CreateAsync(printer, address, document, request, stop);
            if (request.ValidateOnly)
            {
                printer.Say(() => new JsonObject { ["valid"] = true, ["spec"] = ProtoJson.ToJson(job.Spec) }, () => $"{path}: this job can run.");
            }
            else if (!parsed.GetValue(follow) && !parsed.GetValue(wait))
            {
                printer.Say(() => ProtoJson.ToJson(job), () => $"{JobText.State(job)}{Environment.NewLine}Follow it with: trainer watch {job.Id}");
            }
            else
            {
                return await Following.RunAsync(printer, address, job.Id, parsed.GetValue(cancelOnInterrupt), onlyTheEnd: !parsed.GetValue(follow), stop);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<Job> CreateAsync(Printer printer, ClusterAddress address, JobDocument document, CreateJobRequest request, CancellationToken stop)
    {
        try
        {
            return await Repeating.CallAsync(address, (cluster, options) => cluster.Jobs.CreateJobAsync(request, options), printer.Warn, stop);
        }
        catch (CliException refused) when (refused.Violations.Count > 0)
        {
            throw new CliException($"{document.File}: this job cannot run.", refused.ExitCode, inner: refused)
            {
                Violations = [.. refused.Violations.Select(document.Placed)],
            };
        }
    }
}
