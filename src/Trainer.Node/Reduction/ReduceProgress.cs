using System.Diagnostics;
using Trainer.Kernels.Training;
using Trainer.Node.Links;

namespace Trainer.Node.Reduction;

/// <summary>How far the all-reduce of one step is.</summary>
internal sealed class ReduceProgress(ulong item, StepPlan plan)
{
    private readonly bool[] _totals = new bool[plan.Chunks + 1]; // The last one is that of the statistics.
    private int _missingTotals = plan.Chunks + 1;
    private long _started;
    private long _sent;
    private long _received;

    /// <summary>Before the first step.</summary>
    public static ReduceProgress None { get; } = new(0, new StepPlan());

    public ulong Item { get; } = item;

    public StepPlan Plan { get; } = plan;

    public PassSums Statistics { get; set; }

    /// <summary>The <see cref="SampleResults"/> of all members, where this one sums them.</summary>
    public ReadOnlyMemory<float> Samples { get; set; }

    /// <summary>The item is the last one of the generation.</summary>
    public bool EndsGeneration { get; set; }

    public bool HasFailed { get; set; }

    /// <summary>The member's own first part starts the clock.</summary>
    public void Contributed() => _started = _started == 0 ? Stopwatch.GetTimestamp() : _started;

    public void Sent(int payload) => _sent += FrameHeader.Bytes + payload;

    public void Received(int payload) => _received += FrameHeader.Bytes + payload;

    public bool HasTotal(uint chunk) => _totals[IndexOf(chunk)];

    /// <returns>True with the last one.</returns>
    public bool CountTotal(uint chunk)
    {
        _totals[IndexOf(chunk)] = true;
        return --_missingTotals == 0;
    }

    public ReduceResult Result() =>
        new(Statistics, _sent, _received, _started == 0 ? 0 : Stopwatch.GetElapsedTime(_started).TotalSeconds, EndsGeneration) { Samples = Samples };

    private int IndexOf(uint chunk) => chunk == FrameHeader.Statistics ? _totals.Length - 1 : (int)chunk;
}
