using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer update ID --label KEY=VALUE --notes TEXT --priority N</summary>
internal static class UpdateCommand
{
    private const int HighestPriority = 1000;

    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var id = JobId.Argument();
        var label = LabelOption.Create("Give it this label. Repeat it for several.");
        var remove = new Option<string[]>("--remove-label") { Description = "Take this label off. Repeat it for several.", HelpName = "KEY", DefaultValueFactory = _ => [] };
        var notes = new Option<string?>("--notes") { Description = "Your own words about it, instead of those of before.", HelpName = "TEXT" };
        var priority = new Option<int?>("--priority") { Description = "Jobs of higher priority get workers first.", HelpName = "N" };
        priority.Validators.Add(Numbers.Between(-HighestPriority, HighestPriority));
        var etag = new Option<string?>("--etag") { Description = "Only if the job still has this etag.", HelpName = "ETAG" };
        var command = new TrainerCommand("update", "Changes a job's labels and notes, and its priority until it has ended.")
        {
            Examples = ["trainer update 6ed2ujta4p --label team=vision --remove-label draft", "trainer update 6ed2ujta4p --notes diverges", "trainer update 6ed2ujta4p --priority 10"],
            Arguments = { id },
            Options = { label, remove, notes, priority, etag },
        };
        System.CommandLine.Option[] changes = [label, remove, notes, priority];
        command.Validators.Add(result =>
        {
            if (changes.All(option => result.GetResult(option) is null or { Implicit: true }))
            {
                result.AddError("trainer update needs --label, --remove-label, --notes or --priority.");
            }
        });
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var (job, mask) = (new Job { Id = parsed.GetValue(id), Etag = parsed.GetValue(etag) ?? "" }, new FieldMask());
            SetLabels(job, mask, parsed.GetValue(label)!, parsed.GetValue(remove)!);
            if (parsed.GetValue(notes) is { } words)
            {
                job.Notes = words;
                mask.Paths.Add("notes");
            }

            if (parsed.GetValue(priority) is { } urgency)
            {
                job.Spec = new JobSpec { Cluster = new ClusterSection { Priority = urgency } };
                mask.Paths.Add("spec.cluster.priority");
            }

            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var request = new UpdateJobRequest { Job = job, UpdateMask = mask };
            var updated = await client.CallAsync((cluster, options) => cluster.Jobs.UpdateJobAsync(request, options), stop);
            Printer.Of(parsed, shell).Print(() => ProtoJson.ToJson(updated), () => JobText.Details(updated, TimeProvider.System.GetUtcNow(), shell.Width));
            return ExitCode.Ok;
        });
        return command;
    }

    private static void SetLabels(Job job, FieldMask mask, IEnumerable<KeyValuePair<string, string>> set, IEnumerable<string> remove)
    {
        foreach (var (key, value) in set)
        {
            job.Labels[key] = value;
            mask.Paths.Add($"labels.{key}");
        }

        mask.Paths.AddRange(remove.Select(key => $"labels.{key}"));
    }
}
