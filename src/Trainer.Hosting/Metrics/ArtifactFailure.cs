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

    /// <summary>metrics.jsonl was not written; this and what follows is tried again.</summary>
    Metrics,

    /// <summary>Lines of the steps' metrics were not written.</summary>
    Steps,

    /// <summary>Lines of the steps' hashes were not written.</summary>
    Hashes,

    /// <summary>The state of the best epoch was not written.</summary>
    Best,

    /// <summary>Events of TensorBoard were not written.</summary>
    Events,
}
