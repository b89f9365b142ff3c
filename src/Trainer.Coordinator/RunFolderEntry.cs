using Akka.Actor;
using Trainer.Hosting.Cluster;
using Trainer.Hosting.Run;

namespace Trainer.Coordinator;

/// <summary>A coordinator's place, name and entry in the run folder; nothing where it has none.</summary>
internal sealed class RunFolderEntry : IDisposable
{
    private readonly CoordinatorOptions _options;
    private readonly IDisposable? _place;
    private readonly IDisposable? _name;
    private IDisposable? _published;

    /// <summary>Takes place and name: nothing in the folder may be touched before.</summary>
    /// <exception cref="RunFolderException">Another process that is alive has one of them.</exception>
    public RunFolderEntry(CoordinatorOptions options)
    {
        _options = options;
        _place = options.Run?.ClaimCoordinator();
        try
        {
            _name = options.Run?.Claim(options.Name);
        }
        catch
        {
            _place?.Dispose();
            throw;
        }
    }

    public void Publish(Address cluster, CoordinatorWeb web) => _published = _options.Run?.Publish(
        ProcessEndpoint.OfThisProcess(_options.Name, ClusterNames.CoordinatorRole, cluster.ToString(), web.Grpc, web.Http) with { Authority = _options.Certificates?.Authorities });

    /// <summary>Nobody finds the process there any more; place and name are still its own.</summary>
    public void Withdraw() => _published?.Dispose();

    public void Dispose()
    {
        Withdraw();
        _name?.Dispose();
        _place?.Dispose();
    }
}
