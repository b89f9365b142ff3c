using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer scale ID --min N --max N</summary>
internal static class ScaleCommand
{
    private const int MostWorkers = 4096;

    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var id = JobId.Argument();
        var min = Workers("--min", "The fewest workers that it runs on. Default: as it is.");
        var max = Workers("--max", "The most workers that it may have. Default: as it is.");
        var command = new TrainerCommand("scale", "Changes how many workers a job has, also while it runs.")
        {
            Examples = ["trainer scale 6ed2ujta4p --min 1 --max 4", "trainer scale 6ed2ujta4p --max 2"],
            Arguments = { id },
            Options = { min, max },
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(min) is null && result.GetResult(max) is null)
            {
                result.AddError("trainer scale needs --min, --max or both.");
            }
        });
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var request = Request(parsed.GetValue(id)!, parsed.GetValue(min), parsed.GetValue(max));
            var job = await client.CallAsync((cluster, options) => cluster.Jobs.UpdateJobAsync(request, options), stop);
            Printer.Of(parsed, shell).Say(
                () => ProtoJson.ToJson(job),
                () => $"{job.Spec.Name} ({job.Id}): {job.Spec.Cluster.MinWorkers} to {Words.Plural((int)job.Spec.Cluster.MaxWorkers, "worker")}.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Option<int?> Workers(string name, string description)
    {
        var option = new Option<int?>(name) { Description = description, HelpName = "N" };
        option.Validators.Add(Numbers.Between(1, MostWorkers));
        return option;
    }

    private static UpdateJobRequest Request(string id, int? min, int? max)
    {
        var (cluster, mask) = (new ClusterSection(), new FieldMask());
        if (min is { } least)
        {
            cluster.MinWorkers = (uint)least;
            mask.Paths.Add("spec.cluster.min_workers");
        }

        if (max is { } most)
        {
            cluster.MaxWorkers = (uint)most;
            mask.Paths.Add("spec.cluster.max_workers");
        }

        return new UpdateJobRequest { Job = new Job { Id = id, Spec = new JobSpec { Cluster = cluster } }, UpdateMask = mask };
    }
}
