namespace Trainer.Hosting.Metrics;

/// <summary>Where a step's time went, in seconds.</summary>
public readonly record struct StepPhases(double Data, double Forward, double Backward, double AllReduce, double Optimizer)
{
    public double Total => Data + Forward + Backward + AllReduce + Optimizer;
}

/// <summary>What a worker measures. One object per node; calls come from the training threads and must not allocate or block.</summary>
public sealed class TrainingMetrics : IDisposable
{
    /// <summary>From here until <see cref="EndRun"/> the per-run gauges are exported, with label <c>run</c>.</summary>
    public void BeginRun(string run, int rank, int workers, ulong totalSteps) => throw new NotImplementedException();

    public void EndRun() => throw new NotImplementedException();

    /// <summary>A committed training step. Loss and accuracy are the epoch's means so far.</summary>
    public void Step(ulong step, int epoch, double loss, double accuracy, double learningRate, int images, in StepPhases phases) =>
        throw new NotImplementedException();

    /// <summary>One all-reduce: bytes that this worker sent and received, and how long it took from its first contribution to its last total.</summary>
    public void Collective(long bytesSent, long bytesReceived, double seconds) => throw new NotImplementedException();

    /// <summary>A step whose total or loss was not finite.</summary>
    public void NonFinite() => throw new NotImplementedException();

    public void Evaluation(double loss, double accuracy) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
