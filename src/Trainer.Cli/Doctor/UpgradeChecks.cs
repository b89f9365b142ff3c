using Trainer.Cli.Api;
using Trainer.Cli.Output;
using Trainer.Hosting.Cluster;
using Trainer.Kernels.Canonical;
using Trainer.Protos;

namespace Trainer.Cli.Doctor;

/// <summary>Whether processes of this program's release could take the place of a cluster's one after the other, while its jobs go on: asked before that is done.</summary>
internal static class UpgradeChecks
{
    public const string Subject = "upgrade to this release";

    private const int Named = 5;

    public static async Task<IReadOnlyList<Check>> AllAsync(ClusterClient client, SystemVersion cluster, CancellationToken stop)
    {
        if (cluster.Numerics == Numerics.Id)
        {
            return [.. ProtocolOf(cluster, ClusterProtocol.Version)];
        }

        var request = new ListJobsRequest { States = { Enum.GetValues<JobState>().Where(state => state != JobState.Unspecified && !state.HasEnded()) }, PageSize = 1000, View = JobView.Basic };
        var begun = new List<Job>();
        do
        {
            var page = await client.CallAsync((api, options) => api.Jobs.ListJobsAsync(request, options), stop);
            begun.AddRange(page.Jobs.Where(job => job.Numerics.Length > 0));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        return [.. ProtocolOf(cluster, ClusterProtocol.Version), ArithmeticOf(cluster, Numerics.Id, begun)];
    }

    internal static IEnumerable<Check> ProtocolOf(SystemVersion cluster, uint ours)
    {
        if (cluster.ClusterProtocol != ours)
        {
            yield return new(
                Subject,
                Verdict.Warning,
                $"the cluster's processes speak version {cluster.ClusterProtocol} of its protocol, this release version {ours}: they refuse each other",
                "Suspend what trains (trainer suspend), replace all processes at once, and resume it (trainer resume).");
        }
    }

    /// <param name="begun">Jobs that have not ended and whose arithmetic is settled.</param>
    internal static Check ArithmeticOf(SystemVersion cluster, string ours, IReadOnlyList<Job> begun)
    {
        var finding = $"this release computes in {ours}, the cluster in {cluster.Numerics}";
        if (begun.Count == 0)
        {
            return new(Subject, Verdict.Ok, $"{finding}, in which no job has begun");
        }

        var names = string.Join(", ", begun.Take(Named).Select(job => job.Id)) + (begun.Count > Named ? $" and {begun.Count - Named} more" : "");
        return new(
            Subject,
            Verdict.Warning,
            $"{finding}, and {begun.Count} {(begun.Count == 1 ? "job that has begun in it waits" : "jobs that have begun in it wait")} for workers of the release before once there are none: {names}",
            "Let these jobs end before the last worker of the release before goes; or cancel and fork them (trainer fork), which goes on in the new arithmetic with other bits.");
    }
}
