namespace Trainer.Hosting.Cluster;

/// <summary>What the processes of one cluster must agree on to understand each other.</summary>
public static class ClusterProtocol
{
    /// <summary>Raised whenever a process of the version before would take a message of package trainer.cluster.v1 wrongly.</summary>
    public const uint Version = 2;
}
