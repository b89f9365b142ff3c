using Akka.Actor;
using Trainer.Hosting.Cluster;
using Trainer.Hosting.Run;

namespace Trainer.Node;

/// <summary>A node's entry in the run folder, renewed with each of its cluster systems, and where it looks for coordinators.</summary>
internal sealed class RunFolderPlace(NodeOptions options, string http) : IDisposable
{
    private IDisposable? _published;

    /// <summary>The coordinators of now.</summary>
    public IReadOnlyList<string> Seeds() => options.Seeds.Count > 0 || options.Run is null
        ? options.Seeds
        : [.. options.Run.Endpoints().Where(endpoint => endpoint.Role == ClusterNames.CoordinatorRole).Select(endpoint => endpoint.Cluster).Order()];

    public void Publish(Address cluster)
    {
        _published?.Dispose();
        _published = options.Run?.Publish(ProcessEndpoint.OfThisProcess(options.Name, ClusterNames.WorkerRole, cluster.ToString(), grpc: null, http));
    }

    public void Dispose() => _published?.Dispose();
}
