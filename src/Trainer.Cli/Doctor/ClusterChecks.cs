using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Output;
using Trainer.Hosting.Run;
using Trainer.Protos;

namespace Trainer.Cli.Doctor;

/// <summary>Whether a cluster runs, answers, and has workers.</summary>
internal static class ClusterChecks
{
    private static readonly TimeSpan AcceptableSkew = TimeSpan.FromSeconds(5);

    public static async Task<IReadOnlyList<Check>> AllAsync(ClusterAddress address, CancellationToken stop)
    {
        try
        {
            using var client = await ClusterClient.OpenAsync(address, stop);
            var response = await client.CallAsync((cluster, options) => cluster.Workers.ListWorkersAsync(new ListWorkersRequest(), options), stop);
            var reached = new Check("cluster", Verdict.Ok, $"answers at {client.Endpoint.GetLeftPart(UriPartial.Authority)}");
            return [reached, .. Skew(client.ServerTime, TimeProvider.System.GetUtcNow()), WorkersIn(response)];
        }
        catch (CliException nobody) when (nobody.ExitCode == ExitCode.Unreachable)
        {
            var expected = address.Endpoint is not null || address.IsSupervised;
            return [new("cluster", expected ? Verdict.Missing : Verdict.Optional, nobody.Message, nobody.Remedy)];
        }
        catch (RunFolderException)
        {
            return []; // the check of the run folder says it
        }
    }

    internal static IEnumerable<Check> Skew(DateTimeOffset? theirs, DateTimeOffset ours)
    {
        if ((ours - theirs)?.Duration() is { } skew && skew > AcceptableSkew)
            yield return new("cluster's clock", Verdict.Warning, $"{Words.Duration(skew.TotalSeconds)} off this one", "Run a time service on both machines.");
    }

    internal static Check WorkersIn(ListWorkersResponse response)
    {
        var (all, idle) = (response.Workers.Count, response.Workers.Count(worker => worker.Job.Length == 0));
        return all > 0
            ? new("workers", Verdict.Ok, $"{idle} idle, {all - idle} busy")
            : new("workers", Verdict.Warning, "none", "Jobs wait until a worker joins; see the logs of the nodes.");
    }
}
