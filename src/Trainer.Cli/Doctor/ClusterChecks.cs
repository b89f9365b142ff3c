using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Output;
using Trainer.Hosting;
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
            var version = await client.CallAsync((cluster, options) => cluster.System.GetVersionAsync(new GetVersionRequest(), options), stop);
            var reached = new Check("cluster", Verdict.Ok, $"answers at {client.Endpoint.GetLeftPart(UriPartial.Authority)}");
            return [reached, VersionOf(version, TrainerVersion.Current), .. await UpgradeChecks.AllAsync(client, version, stop), .. Skew(client.ServerTime, TimeProvider.System.GetUtcNow()), WorkersIn(response)];
        }
        catch (CliException nobody) when (nobody.ExitCode == ExitCode.Unreachable)
        {
            var expected = address.Endpoints is not null || address.IsSupervised;
            return [new("cluster", expected ? Verdict.Missing : Verdict.Optional, nobody.Message, nobody.Remedy)];
        }
        catch (RunFolderException)
        {
            return []; // the check of the run folder says it
        }
    }

    internal static Check VersionOf(SystemVersion theirs, string ours)
    {
        var finding = $"{theirs.Release}, API {theirs.Api}, arithmetic {theirs.Numerics}";
        return theirs.Release == ours
            ? new("cluster's version", Verdict.Ok, finding)
            : new("cluster's version", Verdict.Warning, $"{finding}; this program is {ours}", "Use the program of the cluster's release: it knows what that one offers.");
    }

    internal static IEnumerable<Check> Skew(DateTimeOffset? theirs, DateTimeOffset ours)
    {
        if ((ours - theirs)?.Duration() is { } skew && skew > AcceptableSkew)
        {
            yield return new("cluster's clock", Verdict.Warning, $"{Words.Duration(skew.TotalSeconds)} off this one", "Run a time service on both machines.");
        }
    }

    internal static Check WorkersIn(ListWorkersResponse response)
    {
        var (all, idle) = (response.Workers.Count, response.Workers.Count(worker => worker.Job.Length == 0));
        return all > 0
            ? new("workers", Verdict.Ok, $"{idle} idle, {all - idle} busy")
            : new("workers", Verdict.Warning, "none", "Jobs wait until a worker joins; see the logs of the nodes.");
    }
}
