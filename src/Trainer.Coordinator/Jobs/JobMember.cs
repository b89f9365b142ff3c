using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>What a job's entity knows of one of its workers. Not stored: an entity that comes back asks.</summary>
public sealed record JobMember
{
    public required Member Member { get; init; }

    public required int Rank { get; init; }

    /// <summary>Where orders go: where the last report came from.</summary>
    public required string ActorPath { get; init; }

    /// <summary>When it last showed that it lives.</summary>
    public required DateTimeOffset LastSign { get; init; }

    /// <summary>Has reported in this generation to this entity.</summary>
    public bool Answered { get; init; }

    public bool Started { get; init; }

    public Finished? Finished { get; init; }

    /// <summary>Since when there is a reason to think that it is lost, and which.</summary>
    public (DateTimeOffset Since, string Reason)? Suspicion { get; init; }

    public string Name => Member.Worker;

    public static JobMember Of(Member member, int rank, DateTimeOffset now) =>
        new() { Member = member, Rank = rank, ActorPath = member.ActorPath, LastSign = now };
}

/// <summary>A member's word that the link to another closed.</summary>
public sealed record Blame(DateTimeOffset Time, string Reporter, string Peer, ulong Step, string Message);
