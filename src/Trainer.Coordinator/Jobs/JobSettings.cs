namespace Trainer.Coordinator.Jobs;

/// <summary>What all jobs of a coordinator have in common.</summary>
public sealed record JobSettings
{
    /// <summary>Holds a folder per job with its results.</summary>
    public required string ArtifactsFolder { get; init; }

    /// <summary>From the grant until every member has started.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a coordinator that came back waits for the workers of a job.</summary>
    public TimeSpan AdoptTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A member that neither reports nor takes part in a committed step for so long is lost.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A member to which the connection closed, and that answers no query for so long, is lost.</summary>
    public TimeSpan SuspicionTimeout { get; init; } = TimeSpan.FromSeconds(1.25);

    /// <summary>A closed link may be the consequence of a failure whose own report is still on its way.</summary>
    public TimeSpan BlameGrace { get; init; } = TimeSpan.FromSeconds(0.3);

    /// <summary>Between repetitions of what may have been lost: waiting, queries.</summary>
    public TimeSpan Resend { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Between queries to a member that is suspected or owes epochs.</summary>
    public TimeSpan QueryInterval { get; init; } = TimeSpan.FromSeconds(0.4);

    /// <summary>Between looks at the clock.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromSeconds(0.2);

    /// <summary>Between updates to subscribers that nothing but progress causes.</summary>
    public TimeSpan PublishInterval { get; init; } = TimeSpan.FromSeconds(0.25);

    /// <summary>Told to workers: how long a step may wait for a contribution.</summary>
    public TimeSpan StepDeadline { get; init; } = TimeSpan.FromSeconds(60);
}
