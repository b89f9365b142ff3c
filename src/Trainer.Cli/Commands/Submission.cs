using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Follow;
using Trainer.Cli.JobFiles;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>Sends a job file to the cluster: what submit and fork have in common.</summary>
internal sealed class Submission
{
    private readonly Option<bool> _follow = new("--follow", "-f") { Description = "Show progress until the job ends. Ctrl-C detaches; the job goes on." };
    private readonly Option<bool> _wait = new("--wait") { Description = "Wait for the end of the job, and show its result. The exit code tells whether it succeeded." };
    private readonly Option<bool> _cancelOnInterrupt = new("--cancel-on-interrupt") { Description = "With --follow or --wait: Ctrl-C cancels the job." };
    private readonly Option<KeyValuePair<string, string>[]> _label = LabelOption.Create("Give the job this label, to find it by. Repeat it for several.");
    private readonly Option<string> _notes = new("--notes") { Description = "Your own words about the job.", HelpName = "TEXT", DefaultValueFactory = _ => "" };
    private readonly Option<bool> _validateOnly = new("--validate-only") { Description = "Check whether the job could run; create nothing." };

    public static Option<string[]> SetOption(string description) => new("--set") { Description = description, HelpName = "PATH=VALUE" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _follow, _wait, _cancelOnInterrupt, _label, _notes, _validateOnly })
        {
            command.Options.Add(option);
        }
    }

    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(ParseResult parsed, Printer printer, ClusterAddress address, JobDocument document, CancellationToken stop)
    {
        var request = new CreateJobRequest
        {
            Spec = document.Spec,
            RequestId = Guid.NewGuid().ToString(),
            ValidateOnly = parsed.GetValue(_validateOnly),
            Labels = { parsed.GetValue(_label)!.ToLookup(pair => pair.Key, pair => pair.Value).ToDictionary(values => values.Key, values => values.Last()) },
            Notes = parsed.GetValue(_notes),
        };
        var job = await CreateAsync(printer, address, document, request, stop);
        if (request.ValidateOnly)
        {
            printer.Say(() => new JsonObject { ["valid"] = true, ["spec"] = ProtoJson.ToJson(job.Spec) }, () => $"{document.File}: this job can run.");
        }
        else if (!parsed.GetValue(_follow) && !parsed.GetValue(_wait))
        {
            printer.Say(() => ProtoJson.ToJson(job), () => $"{JobText.State(job)}{Environment.NewLine}Follow it with: trainer watch {job.Id}");
        }
        else
        {
            return await Following.RunAsync(printer, address, job.Id, parsed.GetValue(_cancelOnInterrupt), onlyTheEnd: !parsed.GetValue(_follow), stop);
        }

        return ExitCode.Ok;
    }

    private static async Task<Job> CreateAsync(Printer printer, ClusterAddress address, JobDocument document, CreateJobRequest request, CancellationToken stop)
    {
        try
        {
            return await Repeating.CallAsync(address, (cluster, options) => cluster.Jobs.CreateJobAsync(request, options), printer.Warn, stop);
        }
        catch (CliException refused) when (refused.Violations.Count > 0)
        {
            throw new CliException($"{document.File}: this job cannot run.", refused.ExitCode, PushHint.Of(document, refused.Violations), refused)
            {
                Violations = [.. refused.Violations.Select(document.Placed)],
            };
        }
    }
}
