using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Training;

/// <summary>
/// The two states of a training that are read and written in turn: a step reads the current one, writes the next one beside it, and then flips one index. Broken
/// off, it leaves the state as it was.
/// </summary>
public sealed class StatePair : IDisposable
{
    private readonly TrainingState[] _states;

    private StatePair(params TrainingState[] states) => _states = states;

    /// <summary>The number of states that there are for training.</summary>
    internal const int Count = 2;

    public TrainingState Current => _states[Index];

    /// <summary>What the next step writes; of no meaning until then.</summary>
    /// <exception cref="InvalidOperationException">The state is for evaluation only.</exception>
    public TrainingState Next => _states.Length == Count
        ? _states[1 - Index]
        : throw new InvalidOperationException("The network was planned for evaluation only.");

    /// <summary>Which of the two is current.</summary>
    internal int Index { get; private set; }

    internal IReadOnlyList<TrainingState> All => _states;

    /// <param name="optimizer">Whose buffers belong to the state.</param>
    public static StatePair Create(Device device, ParameterLayout layout, Optimizer optimizer) => new(
        new TrainingState(device, layout, optimizer.StateBuffers), new TrainingState(device, layout, optimizer.StateBuffers));

    /// <summary>One state of weights alone, for networks that do not train.</summary>
    public static StatePair ForEvaluation(Device device, ParameterLayout layout) => new(new TrainingState(device, layout, 0));

    /// <summary>The step that an evaluation is: it closes the epoch, and leaves weights and optimizer as they are. Returns the hash of the new state.</summary>
    /// <param name="test">What it came to; nothing where there was none.</param>
    public ulong CloseEpoch(in PassSums test)
    {
        var weights = Current.Buffers[0];
        Next.Update(Current, [new UpdateRun(UpdateRule.Keep, weights.Elements)], 1, weights);
        Flip(Current.Progress.Evaluated(test));
        return Current.Hash;
    }

    public void Dispose() => Array.ForEach(_states, state => state.Dispose());

    /// <summary>The next state, which has been written, becomes the current one.</summary>
    internal void Flip(in TrainingProgress progress)
    {
        Next.Progress = progress;
        Next.Progress = progress.LinkedTo(Current.Progress, Next.Hash);
        Index = 1 - Index;
    }
}
