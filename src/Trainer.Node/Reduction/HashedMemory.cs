namespace Trainer.Node.Reduction;

/// <summary>What of a worker's memory a hash is made of.</summary>
public enum HashedMemory
{
    /// <summary>A gradient's chunk, before it leaves.</summary>
    Contribution,

    /// <summary>A chunk's total, before it leaves, or where it has come to.</summary>
    Total,

    /// <summary>A part of a batch norm group, before it leaves.</summary>
    BatchNormPart,

    /// <summary>The weights of a new state.</summary>
    Weights,

    /// <summary>What the optimizer keeps beside them.</summary>
    OptimizerState,

    /// <summary>The average of the weights, once there is one.</summary>
    Average,
}

/// <summary>Told of memory just after it was hashed, by the thread that did it. A test of faults changes a bit of it; else there is none.</summary>
public delegate void MemoryHashed(HashedMemory what, Span<float> values);
