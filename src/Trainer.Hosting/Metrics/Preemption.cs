namespace Trainer.Hosting.Metrics;

/// <summary>What a job of higher priority made of another one.</summary>
public enum Preemption
{
    /// <summary>It goes on with fewer workers.</summary>
    Shrunk,

    /// <summary>It waits, with a checkpoint, until there are workers for it again.</summary>
    Suspended,
}
