namespace Trainer.Hosting.Cluster;

/// <summary>The names by which the parts of the cluster find each other.</summary>
public static class ClusterNames
{
    /// <summary>Every process's cluster actor system.</summary>
    public const string System = "trainer";

    public const string CoordinatorRole = "coordinator";

    public const string WorkerRole = "worker";

    /// <summary>Cluster.Sharding's type name of the job entities; entity ids are job ids.</summary>
    public const string JobsRegion = "jobs";

    /// <summary>Cluster.Sharding's number of shards for job entities; never changed on a live cluster.</summary>
    public const int JobsRegionShards = 30;

    /// <summary>The singleton that grants workers to jobs: /user/scheduler on the oldest coordinator.</summary>
    public const string Scheduler = "scheduler";

    /// <summary>The singleton that tells receivers outside the cluster of jobs: /user/deliveries on the oldest coordinator.</summary>
    public const string Deliveries = "deliveries";

    /// <summary>A node's agent, /user/agent: takes orders from job entities for the node's workers.</summary>
    public const string Agent = "agent";
}
