namespace Trainer.Node.Training;

/// <summary>
/// Moments of a worker's work at which a test of faults may have its process die or stand still. Who wants to be told of them gives
/// <see cref="NodeOptions.Reached"/>; else nothing is called.
/// </summary>
public enum Moment
{
    /// <summary>Data and model are about to be loaded.</summary>
    Loading,

    /// <summary>A generation has begun to be entered.</summary>
    Starting,

    /// <summary>A state is about to be asked of a holder.</summary>
    StateTransfer,

    /// <summary>A holder is about to send its state.</summary>
    Donation,

    /// <summary>The samples of one of the own shards are there: once for each shard of a step.</summary>
    Shard,

    /// <summary>The samples of a step are there.</summary>
    Forward,

    /// <summary>Gradients of a bucket are complete, and leave.</summary>
    Backward,

    /// <summary>All gradients are complete; the others wait for the rest of the own part.</summary>
    AllReduce,

    /// <summary>The next state is written, and not yet the current one.</summary>
    Apply,

    /// <summary>The next state is the current one, and nobody knows it yet.</summary>
    Commit,

    /// <summary>A part of the test set has been evaluated.</summary>
    Evaluation,

    /// <summary>A checkpoint's state is written, its manifest is not.</summary>
    Checkpoint,

    /// <summary>The weights of the result are written, the optimizer's state is not.</summary>
    Result,

    /// <summary>A batch norm is about to send its part of a group that other members share.</summary>
    Exchange,
}
