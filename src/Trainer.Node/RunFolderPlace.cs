using Akka.Actor;
using Trainer.Hosting.Cluster;
using Trainer.Hosting.Run;

namespace Trainer.Node;

/// <summary>A node's name and entry in the run folder, renewed with each of its cluster systems, and where it looks for coordinators.</summary>
internal sealed class RunFolderPlace : IDisposable
{
    private readonly NodeOptions _options;
    private readonly IDisposable? _claim;
    private IDisposable? _published;

    /// <summary>Takes the name: nothing under it may be touched before.</summary>
    /// <exception cref="RunFolderException">Another process that is alive has it.</exception>
    public RunFolderPlace(NodeOptions options)
    {
        _options = options;
        _claim = options.Run?.Claim(options.Name);
    }

    /// <summary>The coordinators of now.</summary>
    public IReadOnlyList<string> Seeds() => _options.Seeds.Count > 0 || _options.Run is null
        ? _options.Seeds
        : [.. _options.Run.Endpoints().Where(endpoint => endpoint.Role == ClusterNames.CoordinatorRole).Select(endpoint => endpoint.Cluster).Order()];

    /// <param name="http">http://host:port</param>
    public void Publish(Address cluster, string http)
    {
        _published?.Dispose();
        _published = _options.Run?.Publish(ProcessEndpoint.OfThisProcess(_options.Name, ClusterNames.WorkerRole, cluster.ToString(), grpc: null, http));
    }

    public void Dispose()
    {
        _published?.Dispose();
        _claim?.Dispose();
    }
}
