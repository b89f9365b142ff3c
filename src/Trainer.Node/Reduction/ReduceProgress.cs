using System.Diagnostics;
using Trainer.Kernels.Training;
using Trainer.Node.Links;

namespace Trainer.Node.Reduction;

/// <summary>How far the all-reduce of one step is.</summary>
internal sealed class ReduceProgress(ulong step, StepPlan plan, ulong weightsHash)
{
    private int _missingTotals = plan.Chunks + 1;
    private long _started;
    private long _sent;
    private long _received;

    /// <summary>Before the first step.</summary>
    public static ReduceProgress None { get; } = new(0, new StepPlan(), 0);

    public ulong Step { get; } = step;

    public StepPlan Plan { get; } = plan;

    public ulong WeightsHash { get; } = weightsHash;

    public PassSums Statistics { get; set; }

    public bool HasFailed { get; set; }

    /// <summary>The member's own first part starts the clock.</summary>
    public void Contributed() => _started = _started == 0 ? Stopwatch.GetTimestamp() : _started;

    public void Sent(int payload) => _sent += FrameHeader.Bytes + payload;

    public void Received(int payload) => _received += FrameHeader.Bytes + payload;

    /// <returns>True with the last one.</returns>
    public bool CountTotal() => --_missingTotals == 0;

    public ReduceResult Result() =>
        new(Statistics, _sent, _received, _started == 0 ? 0 : Stopwatch.GetElapsedTime(_started).TotalSeconds);
}
