namespace Trainer.Hosting.Cluster;

/// <summary>What the processes of one cluster must agree on to understand each other: actor messages, frames between workers, and the state in them.</summary>
public static class ClusterProtocol
{
    /// <summary>
    /// Raised where a process of the version before would take a message of package trainer.cluster.v1 or a frame wrongly. Neighbouring releases work in one cluster while it is upgraded
    /// (UpgradeTests), so that is avoided: messages grow by fields that may be missing. A release that raises it cannot be rolled out while jobs train, and says so in CHANGELOG.md.
    /// </summary>
    public const uint Version = 4;

    /// <summary>Why a process that speaks <paramref name="theirs"/> is not taken; null: it is. Release 0.1 said nothing, which reads as 0.</summary>
    public static string? Refusal(string who, uint theirs) => theirs == Version
        ? null
        : $"{who} speaks version {theirs} of the cluster's protocol, and release {TrainerVersion.Current} version {Version}: use one release for all processes of a cluster.";
}
