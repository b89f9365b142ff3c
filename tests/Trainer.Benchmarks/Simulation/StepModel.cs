namespace Trainer.Benchmarks.Simulation;

/// <summary>A step and the machines that it runs on; every worker is a machine of its own.</summary>
internal sealed record StepModel
{
    public required int Workers { get; init; }

    /// <summary>Of the gradient.</summary>
    public required int Elements { get; init; }

    /// <summary>Of each worker's network interface, each way.</summary>
    public required double GigabitsPerSecond { get; init; }

    /// <summary>On the wire and in both kernels, of a message.</summary>
    public double LatencySeconds { get; init; }

    /// <summary>Threads of a worker that send, receive, hash and fold.</summary>
    public int LinkThreads { get; init; } = 1;

    /// <summary>Of such a thread, for a byte that it sends, or receives and folds.</summary>
    public double SecondsPerByte { get; init; }

    /// <summary>Of such a thread, for a message that it sends or receives.</summary>
    public double SecondsPerMessage { get; init; }

    public double ForwardSeconds { get; init; }

    /// <summary>Buckets are complete evenly over it.</summary>
    public double BackwardSeconds { get; init; }

    public double ApplySeconds { get; init; }

    public int ChunkElements { get; init; } = 65_536;

    public int BucketChunks { get; init; } = 16;

    public double BytesPerSecond => GigabitsPerSecond * 1e9 / 8;

    public int Chunks => (Elements + ChunkElements - 1) / ChunkElements;

    public int Buckets => (Chunks + BucketChunks - 1) / BucketChunks;

    public long BytesOfChunk(int chunk) => sizeof(float) * (long)Math.Min(ChunkElements, Elements - (chunk * ChunkElements));

    public double ReadyAt(int bucket) => ForwardSeconds + (BackwardSeconds * (bucket + 1) / Buckets);
}
