namespace Trainer.Hosting.Metrics;

/// <summary>What could not be done with a job's state on disk.</summary>
public enum ArtifactFailure
{
    /// <summary>A checkpoint was not written.</summary>
    Checkpoint,

    /// <summary>A result was not written; it is tried again.</summary>
    Result,

    /// <summary>A checkpoint that is there cannot be read.</summary>
    Unreadable,
}
